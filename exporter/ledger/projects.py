"""The project of each asset: by a rule, a tag, its parent, or the prefix that its name shares with others. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from exporter.ledger.roster import Entry, RosterKey, Standing
from exporter.model import UNASSIGNED, Account, Asset

PROJECT_TAG = "project:"

BY_RULE = "rule:"
BY_TAG = "tag:"
BY_PARENT = "worker"
BY_NAME = "name"
"""How an asset's project was decided: by a rule or tag (followed by its project), by its parent, or by its name.

That of a parent is stored as the word for the first that there were.
"""


class ProjectRules(Protocol):
    """The user's rules for assets: their project, whether they are published by name, and how many have own series."""

    def project_of(self, asset: Asset, account: Account) -> str:
        """Return the project that a rule assigns; empty if none does."""

    def wants_asset(self, asset: Asset) -> bool:
        """Return whether an asset is published under its own name."""

    def most_assets(self, kind: str, account: Account) -> int:
        """Return how many assets of a kind have series of their own in an account."""


def ground_of(asset: Asset, account: Account, rules: ProjectRules) -> str:
    """Return the rule or tag that decides the project, with that project; empty if there is none."""
    by_rule = rules.project_of(asset, account)
    if by_rule:
        return BY_RULE + by_rule
    by_tag = next((tag.removeprefix(PROJECT_TAG) for tag in asset.tags if tag.startswith(PROJECT_TAG)), "")
    return BY_TAG + by_tag if by_tag else ""


def explicit_ground(decided_by: str) -> str:
    return decided_by if decided_by.startswith((BY_RULE, BY_TAG)) else ""


def decide_projects(current: dict[RosterKey, Entry], parents: Mapping[str, str]) -> None:
    """Decide the project of every listed entry without one: by rule or tag, by its parent, or by shared name prefix.

    An entry decided by its parent follows that parent's project, so parents are decided first.
    """
    listed = {
        key: entry for key, entry in current.items() if entry.standing is not Standing.ABSENT and entry.is_published
    }
    shared = Counter(_prefix(entry.asset) for entry in listed.values())
    named = {(key[0], entry.asset.name): key for key, entry in listed.items() if key[0] in parents.values()}
    for key, entry in sorted(listed.items(), key=lambda item: _depth(item[0][0], parents)):
        if entry.project and entry.decided_by != BY_PARENT:
            continue
        called = (parents.get(key[0], ""), entry.asset.parent)
        parent = called if called in listed else named.get(called)
        prefix = _prefix(entry.asset)
        if explicit_ground(entry.decided_by):
            project, decided_by = entry.decided_by.partition(":")[2], entry.decided_by
        elif parent is not None:
            project, decided_by = current[parent].project, BY_PARENT
        elif entry.project:
            continue
        else:
            project, decided_by = (prefix if prefix and shared[prefix] > 1 else UNASSIGNED), BY_NAME
        current[key] = replace(entry, project=project, decided_by=decided_by)


def _depth(kind: str, parents: Mapping[str, str]) -> int:
    """Return how many kinds of assets are above a kind."""
    return 1 + _depth(parents[kind], parents) if kind in parents else 0


def _prefix(asset: Asset) -> str:
    return (asset.stem or asset.name).partition("-")[0]
