"""The page's template and its filters."""

from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined, Template

from exporter import __version__
from exporter.exposition.page.words import count, dollars, minute, or_dash, second


def make_template() -> Template:
    """Return the template. All values are escaped."""
    folder = files("exporter.exposition.page")
    sources = {name: (folder / name).read_text(encoding="utf-8") for name in ("page.html", "page.css")}
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
