"""Writes the generated documentation: ``python -m docs.build``."""

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.alertmanager import example
from docs.alerts import alerts_list
from docs.api import api_page
from docs.metrics import full_page, short_table
from docs.runbook import runbook_text
from docs.scenes import scenes_page
from docs.settings import settings_page

ROOT = Path(__file__).parents[1]
BEGIN = "<!-- written by make docs -->"
END = "<!-- end of what make docs writes -->"

PARTS: Mapping[str, Callable[[], str]] = {"README.md": short_table, "docs/alerting.md": alerts_list}
"""The pages with a generated part, and what writes it."""


def generated() -> Mapping[str, str]:
    """Return the generated files by path, among them pages with a part between two marks replaced."""
    return {
        **{name: with_part((ROOT / name).read_text(encoding="utf-8"), part()) for name, part in PARTS.items()},
        "docs/metrics.md": full_page(),
        "docs/api.md": api_page(),
        "docs/demo.md": scenes_page(),
        "docs/configuration.md": settings_page(),
        "alerting/alertmanager.yml": example(),
        "exporter/exposition/runbook/text.html": runbook_text(),
    }


def with_part(page: str, part: str) -> str:
    """Return a text with the part between its two marks replaced. Raises ValueError if either is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the text lacks '{BEGIN}' or '{END}'")
    return f"{before}{BEGIN}\n\n{part}\n{END}{after}"


def main() -> None:
    """Write every generated file."""
    for path, text in generated().items():
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
