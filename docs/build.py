"""Writes the generated documentation: ``python -m docs.build``."""

from collections.abc import Mapping
from pathlib import Path

from docs.alertmanager import example
from docs.api import api_page
from docs.metrics import full_page, short_table
from docs.settings import settings_page

ROOT = Path(__file__).parents[1]
BEGIN = "<!-- written by make docs -->"
END = "<!-- end of what make docs writes -->"


def generated(readme: str) -> Mapping[str, str]:
    """Return the generated files by path, among them the README with its table replaced."""
    return {
        "README.md": with_table(readme, short_table()),
        "docs/metrics.md": full_page(),
        "docs/api.md": api_page(),
        "docs/configuration.md": settings_page(),
        "alerting/alertmanager.yml": example(),
    }


def with_table(readme: str, table: str) -> str:
    """Return a text with the part between its two marks replaced. Raises ValueError if either is missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the text lacks '{BEGIN}' or '{END}'")
    return f"{before}{BEGIN}\n\n{table}\n{END}{after}"


def main() -> None:
    """Write every generated file."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path, text in generated(readme).items():
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
