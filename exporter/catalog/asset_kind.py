"""A kind of asset as product files declare it: its words, its label and info metric, and its list. Data only.

All facts are from Cloudflare's API pages (endpoints, page sizes), and the places in its dashboard from links on
Cloudflare's own pages and from what people link to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from exporter.catalog.trait import Detail, Figure, State

CONSOLE = "https://dash.cloudflare.com"
"""Cloudflare's dashboard."""

CONSOLE_OF_ACCOUNT = f"{CONSOLE}/?to=/:account/"
"""Its pages about an account, which it asks for, or puts into the place of ``:account``."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of querying an endpoint whose answers are partial: its header, and the prefix of names in analytics."""

    header: str
    value: str
    prefix: str

    @property
    def word(self) -> str:
        """Return the word for it in addresses of Cloudflare's dashboard."""
        return self.value or "default"


PLAIN = Variant("", "", "")


def as_listed(identity: str) -> str:
    """Return an id as the list has it: analytics spell it the same."""
    return identity


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A REST list of assets, of an account or of each parent.

    ``paging`` is ``none``, ``page`` or ``cursor``; ``items`` is the path of the array in the response; the others are
    keys of an item (empty: not in the list). ``per_page`` is the largest documented page. ``permission_key`` is the
    permission's key in a link to Cloudflare's token form (empty: it has none). ``params`` are further parameters of the
    query; like in the path, ``{account_id}`` in a value stands for the account. A path with ``{parent_id}`` (as the
    parents' list has it) or ``{parent_name}`` is asked for each parent; in other lists ``parent`` is the key of its
    name. ``spell`` turns the id of an item into that of rows, where analytics spell it otherwise; it is pure, and never
    turns two ids into one.
    """

    path: str
    permission: str
    permission_key: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    paging: str = "none"
    per_page: int = 0
    items: tuple[str, ...] = ("result",)
    id: str = "id"
    name: str = "name"
    created: str = ""
    modified: str = ""
    tags: str = ""
    parent: str = ""
    variants: tuple[Variant, ...] = (PLAIN,)
    spell: Callable[[str], str] = as_listed

    @property
    def is_of_parents(self) -> bool:
        """Return whether it is the list of the children of one asset, and asked for each."""
        return "{parent_id}" in self.path or "{parent_name}" in self.path


@dataclass(frozen=True, slots=True)
class AssetKind:
    """A kind of asset: ``kind`` is its word in labels and the configuration.

    ``label`` names an asset in the metrics of its usage, and ``info`` is the info metric. ``asset`` is the word for one
    asset within a sentence, and ``assets`` that for all of them where no product is named beside it. ``overview`` is
    the path in Cloudflare's dashboard, below the account, of the page that lists its assets, and ``page`` that of an
    asset's own page (both empty: not known): ``{id}`` and ``{name}`` stand for what the list has, ``{variant}`` for the
    word of the endpoint's variant, whose prefix ``{id}`` then lacks. ``parent`` is the kind of the assets that these
    belong to, if there is one: they share its project. ``figures`` and ``states`` are numbers and words of the list
    that become gauges, ``details`` further labels of the info metric. Without an ``endpoint`` no list has the assets:
    they are known by usage, under the id or the name that rows have.
    """

    kind: str
    label: str
    info: str
    asset: str
    assets: str
    endpoint: Endpoint | None = None
    overview: str = ""
    page: str = ""
    parent: str = ""
    figures: tuple[Figure, ...] = ()
    states: tuple[State, ...] = ()
    details: tuple[Detail, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError if a list is asked for each parent, whose kind is not declared, or traits have no list."""
        if self.is_of_parents and not self.parent:
            raise ValueError(f"{self.kind}: its list is that of a parent, of which the kind is not declared")
        if self.has_traits and self.endpoint is None:
            raise ValueError(f"{self.kind}: figures, states and details are those of a list, and it has none")

    @property
    def list(self) -> Endpoint:
        """Return the list that has its assets. Raises ValueError if none has."""
        if self.endpoint is None:
            raise ValueError(f"no list has assets of the kind {self.kind}")
        return self.endpoint

    @property
    def is_of_parents(self) -> bool:
        """Return whether each parent has a list of its own."""
        return self.endpoint is not None and self.endpoint.is_of_parents

    def page_of(self, identity: str, name: str) -> str:
        """Return the path of an asset's page in Cloudflare's dashboard, below the account; empty if it is not known."""
        prefixed = (each for each in self.variants if each.prefix and identity.startswith(each.prefix))
        variant = next(prefixed, self.variants[0])
        bare = identity.removeprefix(variant.prefix)
        return self.page.format(id=quote(bare, safe=""), name=quote(name, safe=""), variant=variant.word)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Return the ways of querying its list; that of a kind without a list is the plain one."""
        return self.endpoint.variants if self.endpoint else (PLAIN,)

    @property
    def has_traits(self) -> bool:
        """Return whether anything of an item is published besides what identifies the asset."""
        return bool(self.figures or self.states or self.details)

    def describe(self, trait: Figure | State) -> str:
        """Return the HELP text of a figure or state: its sentence, and where in the list it is from."""
        return f"{trait.help.removesuffix('.')} (GET {self.list.path} {trait.source}; newest discovery)."

    @property
    def title(self) -> str:
        """Return the word for one asset as it begins a title."""
        return self.asset[:1].upper() + self.asset[1:]
