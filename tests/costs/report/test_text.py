"""A report as Markdown and as HTML."""

import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

from exporter.catalog import DATASETS
from exporter.costs.report import Report, as_html, as_markdown, make_report
from exporter.ledger import Ledger
from exporter.pricing import Budget, CostRules
from tests.cli.commands.scene import ODD, PIPED, open_books

VOID = {"meta"}
NAMED = CostRules(budgets=(Budget(f"{ODD}|{PIPED}", Decimal(20)),))


class Page(HTMLParser):
    """Reads a page, whose tags have to close in order, and keeps its cells and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.headings: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tags: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"td", "th"}:
            self.cells[-1] += data
        elif self.open and re.fullmatch("h[1-6]", self.open[-1]):
            self.headings[-1] += data


def report(period: str = "daily", rules: CostRules | None = None) -> Report:
    """A report of the filled state folder, with a budget whose name has to be escaped."""
    with open_books(rules=rules or NAMED) as history:
        return make_report(period, history)


def empty_report(folder: Path) -> Report:
    """A report of a new ledger."""
    Ledger.open(folder, DATASETS.values()).close()
    with open_books(folder) as history:
        return make_report("daily", history)


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table, with escapes undone."""
    parts = re.split(r"(?<!\\)\|", line)
    assert parts[0] == parts[-1] == ""
    return [re.sub(r"\\(.)", r"\1", part.strip()) for part in parts[1:-1]]


def test_markdown_says_what_the_day_cost() -> None:
    """Headings, the sums, the cycle and its forecast, then tables."""
    lines = as_markdown(report()).splitlines()
    assert lines[:7] == [
        "# Cloudflare costs, daily",
        "",
        "## Account production",
        "",
        "2025-10-19 added $1.04 to the bill; at list price its usage is $1.78. Against the day before: +$0.00 on the "
        "bill, -$0.03 at list price.",
        "",
        "Cycle 2025-10-14 to 2025-11-14: $10.85 to date, $58.65 forecast ($54.85 to $62.47).",
    ]
    assert [line for line in lines if line.startswith("#")] == [
        "# Cloudflare costs, daily",
        "## Account production",
        "### What changed most",
        "### Quotas near their limit",
        "### Idle, but stored",
        "### Not in these figures",
        "## Account Other",
        "### What changed most",
        "### Quotas near their limit",
        "### Not in these figures",
        "## Budgets",
    ]


def test_markdown_of_a_cycle() -> None:
    """It is about as many days as the cycle has, and says if those before are not known."""
    text = as_markdown(report("monthly"))
    assert "The 6 days from 2025-10-14 added $9.72 to the bill; at list price its usage is $13.00.\n" in text
    assert "The previous period is not known: counting began later.\n" in text
    assert "# Cloudflare costs, monthly\n" in text


def test_markdown_tables_are_whole() -> None:
    """Every row has the cells of its head, also where a name holds a bar."""
    lines = as_markdown(report()).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    tables = as_markdown(report()).split("\n\n")
    assert len(rows) > 10
    for table in (table for table in tables if table.startswith("|")):
        head, rule, *body = (cells(line) for line in table.splitlines())
        assert set(rule) <= {"---", "---:"}
        assert {len(row) for row in body} == {len(head)} == {len(rule)}


def test_markdown_escapes_names() -> None:
    """A bar does not end a cell, and a name is neither a tag nor emphasis."""
    text = as_markdown(report())
    (line,) = (line for line in text.splitlines() if "a\\|b" in line)
    assert line.startswith('| \\<b>&"\\|a\\|b | $20.00 | 54 % | 293 % | 2025-1')
    assert cells(line)[0] == f"{ODD}|{PIPED}"
    assert re.search(r"(?<!\\)<b>", text) is None
    assert "workers\\_requests" in text
    assert "workers_requests" not in text


def test_html_is_a_whole_page() -> None:
    """Its tags close in order, nothing is loaded from anywhere, and it has the same headings as the Markdown."""
    text = as_html(report())
    page = Page(text)
    assert text.startswith("<!doctype html>\n")
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "b"})
    assert not [value for name, value in page.attributes if name in {"src", "href"}]
    markdown = [line.lstrip("# ") for line in as_markdown(report()).splitlines() if line.startswith("#")]
    assert page.headings == markdown


def test_html_escapes_names() -> None:
    """A name is shown as it is, and is no tag, wherever it stands."""
    text = as_html(report())
    assert ODD not in text
    assert "<td>&lt;b&gt;&amp;&quot;</td>" in text
    page = Page(text)
    assert ODD in page.cells
    assert f"{ODD}|{PIPED}" in page.cells


def test_both_have_the_same_cells() -> None:
    """What stands in the tables is the same, figures included."""
    lines = [line for line in as_markdown(report()).splitlines() if line.startswith("|") and "---" not in line]
    assert Page(as_html(report())).cells == [cell for line in lines for cell in cells(line)]


def test_html_tells_figures_from_words() -> None:
    """Figures are aligned to the right by their class."""
    text = as_html(report())
    assert '<td>attic</td><td class="figure">$1.05</td>' in text


def test_of_an_empty_ledger_nothing_is_told(tmp_path: Path) -> None:
    """Either form says that nothing is counted yet."""
    found = empty_report(tmp_path)
    assert as_markdown(found) == "# Cloudflare costs, daily\n\nNo usage has been counted yet.\n"
    assert "<p>No usage has been counted yet.</p>" in as_html(found)
