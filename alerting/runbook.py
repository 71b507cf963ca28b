"""The runbook, read for what the rules and the exporter's page take from it."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from exporter.alerts.links import RUNBOOK_FILE

FILE = Path(__file__).with_name("runbook.md")

_ENTRY = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ACTION = re.compile(r"^\*\*Action\.\*\* (.+?)\n\n", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^]]+)\]\([^)]+\)")


def entry_url(alert: str) -> str:
    """Return where the entry of an alert is, relative to the repository."""
    return f"{RUNBOOK_FILE}#{alert.lower()}"


@cache
def _entries() -> Mapping[str, str]:
    return dict(_ENTRY.findall(FILE.read_text(encoding="utf-8")))


def first_steps(alert: str) -> str:
    """Return what to do first about an alert, as plain text on one line. Raises ValueError if its entry lacks that."""
    found = _ACTION.search(_entries().get(alert, ""))
    if found is None:
        raise ValueError(
            f"{RUNBOOK_FILE} has no entry {alert} with a paragraph **Action.**: write one (see CONTRIBUTING.md)"
        )
    return " ".join(_LINK.sub(r"\1", found[1]).replace("`", "").split())
