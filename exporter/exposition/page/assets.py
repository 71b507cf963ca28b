"""Assets by project: sorted by a column, filtered, and in pages. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from exporter.exposition.api import asset_filter_of
from exporter.exposition.api import parameters as asked_for
from exporter.exposition.api.parameters import Parameter, RequestParameters, read
from exporter.metrics.snapshot import Snapshot
from exporter.views import (
    ASCENDING,
    DESCENDING,
    GROUP_SORTS,
    NAME,
    AssetFilter,
    AssetRow,
    Group,
    Paging,
    ProjectRow,
    Views,
    group_by_project,
    wants,
)

TEXT = Parameter("text", "Only assets with this in their name or id, in any case.")
SORT = Parameter(
    "sort", "The column to sort by.", {"type": "string", "enum": [NAME, *GROUP_SORTS], "default": "to_date"}
)
NARROWING = (asked_for.ACCOUNT, asked_for.PROJECT, asked_for.KIND, TEXT)
PARAMETERS = (*NARROWING, SORT, asked_for.ORDER, asked_for.CURSOR)
"""The parameters of the page; empty ones are ignored, since a form sends them all."""

PROJECTS_ON_PAGE = 25
ASSETS_ON_PAGE = 250
ASSETS_OF_EACH = 10
"""The number of assets shown for each project if all together exceed a page."""

PLACE = "#assets"


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column: a click sorts by it, or reverses the order. ``sorted`` is the value of ``aria-sort``."""

    title: str
    url: str | None
    sorted: str | None
    is_figure: bool


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values to choose from, its title, and whether it is chosen."""

    value: str
    title: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Select:
    """A selection field and its options."""

    name: str
    title: str
    options: tuple[Option, ...]

    @property
    def is_useful(self) -> bool:
        """Return whether there is something to choose."""
        return len(self.options) > 1 or any(option.is_chosen for option in self.options)


@dataclass(frozen=True, slots=True)
class Shown:
    """A project with its shown assets and their total number; ``url`` leads to the others."""

    project: ProjectRow
    assets: tuple[AssetRow, ...]
    total: int
    url: str | None


@dataclass(frozen=True, slots=True)
class Assets:
    """The shown assets, totals, and links to other views."""

    heads: tuple[Head, ...]
    selects: tuple[Select, ...]
    text: str
    kept: tuple[tuple[str, str], ...]
    shown: tuple[Shown, ...]
    assets: int
    projects: int
    is_narrowed: bool
    all_url: str
    first_url: str | None
    next_url: str | None


class _Column(NamedTuple):
    title: str
    sort: str | None
    is_figure: bool


COLUMNS = (
    _Column("Asset", NAME, False),
    _Column("Kind", None, False),
    _Column("Requests", "requests", True),
    _Column("Errors", "errors", True),
    _Column("Cost to date", "to_date", True),
    _Column("Forecast", "forecast", True),
    _Column("Last used (UTC)", "last_used", False),
)


def show_assets(snapshot: Snapshot, views: Views, params: QueryParams) -> Assets:
    """Return the requested assets. Raises QueryError."""
    given = QueryParams([(name, value) for name, value in params.multi_items() if value.strip()])
    question = _Question(read(given, PARAMETERS), given)
    asset_filter = asset_filter_of(snapshot, question.asked, question.projects)
    groups = views.groups(asset_filter, question.text, question.sort, question.direction)
    everything = [group for _, group in groups.keyed]
    assets = sum(len(group.assets) for group in everything)
    if question.projects:
        shown, cursor = _of_few(views, asset_filter, everything, question)
    else:
        page = groups.page(Paging(PROJECTS_ON_PAGE, question.cursor))
        most = assets if assets <= ASSETS_ON_PAGE else ASSETS_OF_EACH
        shown, cursor = tuple(_cut(group, most, question) for group in page.rows), page.cursor
    return Assets(
        heads=tuple(_head(column, question) for column in COLUMNS),
        selects=_selects(snapshot, views, question),
        text=question.asked.text(TEXT),
        kept=question.kept(SORT, asked_for.ORDER),
        shown=shown,
        assets=assets,
        projects=len(everything),
        is_narrowed=bool(question.kept(*NARROWING)),
        all_url=question.without(*NARROWING),
        first_url=question.url() if question.cursor else None,
        next_url=question.url((asked_for.CURSOR.name, cursor)) if cursor else None,
    )


class _Question:
    """The request, and the addresses of related requests."""

    def __init__(self, asked: RequestParameters, given: QueryParams) -> None:
        self.asked = asked
        self._given = [pair for pair in given.multi_items() if pair[0] != asked_for.CURSOR.name]
        self.projects = asked.all(asked_for.PROJECT)
        self.text = asked.text(TEXT).strip().casefold()
        self.sort = asked.text(SORT)
        self.direction = asked.text(asked_for.ORDER) or (ASCENDING if self.sort == NAME else DESCENDING)
        self.cursor = asked.text(asked_for.CURSOR)

    def kept(self, *parameters: Parameter) -> tuple[tuple[str, str], ...]:
        """Return the given values of some parameters."""
        names = {parameter.name for parameter in parameters}
        return tuple(pair for pair in self._given if pair[0] in names)

    def without(self, *parameters: Parameter) -> str:
        """Return the address of the same request without some parameters."""
        gone = {parameter.name for parameter in parameters}
        return _address([pair for pair in self._given if pair[0] not in gone])

    def url(self, *changes: tuple[str, str]) -> str:
        """Return the address of the first page of the same request with some changes."""
        changed = {name for name, _ in changes}
        return _address([*(pair for pair in self._given if pair[0] not in changed), *changes])


def _address(pairs: Sequence[tuple[str, str]]) -> str:
    return f"?{urlencode(pairs)}{PLACE}"


def _of_few(
    views: Views, asset_filter: AssetFilter, groups: Sequence[Group], question: _Question
) -> tuple[tuple[Shown, ...], str | None]:
    """Return a page of the assets of the named projects, and the cursor of the next page."""
    page = views.assets(question.sort, question.direction).page(
        Paging(ASSETS_ON_PAGE, question.cursor), lambda row: wants(row, asset_filter, question.text)
    )
    on_page = group_by_project(page.rows, [group.project for group in groups])
    shown = zip(on_page, groups, strict=True)
    return tuple(Shown(part.project, part.assets, len(group.assets), None) for part, group in shown), page.cursor


def _cut(group: Group, most: int, question: _Question) -> Shown:
    row, there = group.project, len(group.assets)
    chosen = ((asked_for.ACCOUNT.name, row.account_id), (asked_for.PROJECT.name, row.project))
    return Shown(row, group.assets[:most], there, question.url(*chosen) if there > most else None)


def _head(column: _Column, question: _Question) -> Head:
    if column.sort is None:
        return Head(column.title, None, None, column.is_figure)
    is_ascending = question.direction == ASCENDING
    if column.sort == question.sort:
        turned = DESCENDING if is_ascending else ASCENDING
        sorted_by = "ascending" if is_ascending else "descending"
    else:
        turned, sorted_by = (ASCENDING if column.sort == NAME else DESCENDING), None
    url = question.url((SORT.name, column.sort), (asked_for.ORDER.name, turned))
    return Head(column.title, url, sorted_by, column.is_figure)


def _selects(snapshot: Snapshot, views: Views, question: _Question) -> tuple[Select, ...]:
    projects = [row for _, row in views.projects(AssetFilter()).keyed]
    kinds = {kind for row in projects for kind in row.assets}
    labels = snapshot.account_labels
    return (
        _select(asked_for.ACCOUNT, "Account", [(key, label) for key, label in labels.items()], question),
        _select(asked_for.PROJECT, "Project", [(row.project, row.project) for row in projects], question),
        _select(asked_for.KIND, "Kind", [(kind, kind.replace("_", " ")) for kind in kinds], question),
    )


def _select(parameter: Parameter, title: str, options: Iterable[tuple[str, str]], question: _Question) -> Select:
    chosen = frozenset(question.asked.all(parameter))
    there = sorted(dict(options).items(), key=lambda option: (option[1].casefold(), option[0]))
    return Select(parameter.name, title, tuple(Option(*each, bool(chosen & set(each))) for each in there))
