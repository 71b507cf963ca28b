"""The list of alerts in docs/alerting.md says of each what its rule does."""

import re

import pytest

from docs.build import ROOT
from tests.alerting.shipped import SHIPPED

PAGE = (ROOT / "docs/alerting.md").read_text(encoding="utf-8")
ROWS = {
    found[1]: found[0] for found in re.finditer(r"^\| \[(\w+)\]\(\.\./alerting/runbook\.md#.+$", PAGE, re.MULTILINE)
}
"""The row of each alert by its name, without the prefix that all have."""

RULES = [rule for rule in SHIPPED if "alert" in rule]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_when_its_rules_fire(name: str) -> None:
    """Severity by severity, after how long; and for how long it is kept."""
    rules = [rule for rule in RULES if rule["alert"] == f"Cloudflare{name}"]
    assert rules
    levels = ROWS[name].split(" | ")[1].split("<br>")
    assert len(levels) == len(rules)
    for rule in rules:
        (level,) = (each for each in levels if each.startswith(f"`{rule['labels']['severity']}`"))
        assert (f"after {rule['for']}" if "for" in rule else "at once") in level
        kept = rule.get("keep_firing_for")
        assert f"kept for {kept}" in level if kept else "kept for" not in level


def test_the_worst_comes_first() -> None:
    """Of an alert with several severities."""
    levels = ROWS["WorkerErrorBudgetBurn"].split(" | ")[1]
    assert levels.index("`critical` 14.4") < levels.index("`warning` 6")
