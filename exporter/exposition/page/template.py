"""The templates of pages and their filters."""

from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined, Template

from exporter import __version__
from exporter.exposition.page.words import count, dollars, minute, or_dash, second

STYLES = "exporter.exposition.page"


def make_template(package: str) -> Template:
    """Return the template of a package; all pages have the same styles. All values are escaped."""
    named = ((package, "page.html"), (STYLES, "page.css"))
    sources = {name: (files(folder) / name).read_text(encoding="utf-8") for folder, name in named}
    environment = Environment(
        loader=DictLoader(sources), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        count=lambda number: or_dash(number, count),
        dollars=lambda amount: or_dash(amount, dollars),
        minute=minute,
        second=second,
    )
    environment.globals["version"] = __version__
    return environment.get_template("page.html")
