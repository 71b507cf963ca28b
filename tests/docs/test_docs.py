"""The generated documentation is what the program says of itself, and the written one names only what there is."""

import re

import pytest

from docs.build import ROOT, generated, with_part
from docs.metrics import other_rows, product_rows
from exporter.catalog import PRODUCTS

README = (ROOT / "README.md").read_text(encoding="utf-8")
SUFFIXES = ("", "_sum", "_count", "_bucket")


def test_generated_files_are_up_to_date() -> None:
    """Every generated file and the README's table are as `make docs` would write them."""
    stale = [path for path, text in generated().items() if (ROOT / path).read_text(encoding="utf-8") != text]
    assert stale == [], "run `make docs`"


def test_the_page_of_metrics_has_what_is_exposed() -> None:
    """The metrics that are not a product's are those of the golden catalogue, with their types and label names."""
    of_products = {row.name + suffix for product in PRODUCTS for row in product_rows(product) for suffix in SUFFIXES}
    golden = (ROOT / "tests/metrics/golden_catalogue.txt").read_text(encoding="utf-8").splitlines()
    exposed = [line for line in golden if line.split()[0] not in of_products]
    rows = [(row.name, "gauge" if row.kind == "info" else row.kind, *row.labels) for row in other_rows()]
    assert sorted(map(" ".join, rows)) == exposed


def test_written_pages_name_only_metrics_that_exist() -> None:
    """A metric that a page of the documentation names is one that the exporter has."""
    rows = [*(row for product in PRODUCTS for row in product_rows(product)), *other_rows()]
    known = {row.name + suffix for row in rows for suffix in SUFFIXES}
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        named = set(re.findall(r"\bcloudflare_[a-z0-9_]+[a-z0-9]\b", path.read_text(encoding="utf-8")))
        assert named - known == set(), path.name


def test_links_lead_to_files() -> None:
    """A relative link of the README or a page of the documentation leads to a file of the repository."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_files_that_are_named_exist() -> None:
    """A file of the repository that a page names in full is there; NAME stands for any name."""
    for path in [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]:
        named = re.findall(
            r"`((?:exporter|tests|alerting|dashboards|docs|stack|bench)/[\w./]+)", path.read_text(encoding="utf-8")
        )
        assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == [], path.name


def test_a_text_without_marks_is_refused() -> None:
    """A README that has lost its marks is not overwritten."""
    with pytest.raises(ValueError, match="lacks"):
        with_part("# Nothing\n", "| a |\n")
