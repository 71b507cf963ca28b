"""GraphQL documents: turns questions into text and variables. Pure.

The text depends only on the shape of the questions; every value is a variable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import ROWS, TEXT, Field, Label
from exporter.catalog.grain import Grain
from exporter.cloudflare.client import Variable, Variables
from exporter.cloudflare.decode import Fold
from exporter.cloudflare.limits import USUAL_LIMITS, DatasetLimits
from exporter.model import Question, format_time

MOST_ALIASES = 25
"""The maximum number of aliases in a document; about 50 were seen to be rejected."""

RANKED = 5
"""How many times as many words a ranking has as the label keeps: so a word's days count before it is among them."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a question behind one alias: a time range and, if it was split, a range of asset ids."""

    dataset: Dataset
    since: datetime
    until: datetime
    id_from: str | None = None
    id_below: str | None = None
    newest_since: datetime | None = None
    """Also query the newest minute with data in [newest_since, until)."""
    limits: DatasetLimits = USUAL_LIMITS
    by_day: bool = False
    is_overview: bool = False
    number: int = 0
    """The position of its question among those that are asked together."""
    zone_id: str = ""
    """The zone that it is about; empty: the account itself."""
    among: tuple[str, ...] = ()
    """The zones whose rows an account's node is to give; empty: all."""
    elsewhere: frozenset[str] = frozenset()
    """The fields that other pieces about the same select, because a node may not select so many."""
    is_ranking: bool = False
    words: tuple[str, ...] = ()
    """The words of the dataset's limited label that it is about, or with ``is_rest`` not about."""
    is_rest: bool = False
    """Whether it is about all other words of the dataset's limited label together."""
    kept: frozenset[str] = frozenset()
    """Those of the words that rows keep: the others are of other zones in the same document."""

    @property
    def is_coarse(self) -> bool:
        """Whether its rows are of no asset and no hour, so that none can be counted."""
        return self.is_overview or self.is_ranking

    @property
    def limited(self) -> Label | None:
        """Return the label whose words are folded; None if there is none."""
        return None if self.is_coarse else self.dataset.limited

    @property
    def fold(self) -> Fold | None:
        """Return how the words of its rows are folded; None if they are not."""
        label = self.limited
        return None if label is None else Fold(label.dimension, self.kept, is_rest=self.is_rest)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Return the dimensions that rows are grouped by, besides the time."""
        label, names = self.limited, self.dataset.dimensions
        return names if label is None or not self.is_rest else tuple(name for name in names if name != label.dimension)

    @property
    def order(self) -> str:
        """Return the order of its rows; empty if it does not matter."""
        return f"{self.dataset.fields[0].path.replace('.', '_')}_DESC" if self.is_ranking else ""

    @property
    def absent(self) -> frozenset[str]:
        """Return the fields that cannot be asked."""
        return frozenset(entry.name for entry in self.dataset.fields if self.limits.lacks(entry))

    @property
    def selected(self) -> tuple[Field, ...]:
        """Return the fields that are requested."""
        left_out = self.absent | self.elsewhere
        return tuple(entry for entry in self.dataset.fields if entry.group != ROWS and entry.name not in left_out)

    @property
    def whose(self) -> str:
        """Return the words for the zone, to put before those for the account; empty if it is about the account."""
        return f"zone {self.zone_id} of " if self.zone_id else ""

    @property
    def grain(self) -> str:
        """Return the time dimension that rows are grouped by; empty if there is none, as for a window."""
        return "" if self.is_coarse else self.dataset.timing.group(by_day=self.by_day)

    @property
    def filed_under(self) -> datetime:
        """Return the time to which rows without a time dimension belong: the start of the window, unit or day."""
        return self.dataset.timing.filed_under(self.since, by_day=self.by_day)


class Place(NamedTuple):
    """Where the answer to a piece stands: in which list of zones (empty: in the account itself), by which aliases.

    These are ``usage_`` with its ``number``, which is the same for the zones of one list, and ``newest_`` with the
    number ``newest``: pieces about one node and time share it.
    """

    zones: str
    number: int
    newest: int


@dataclass(frozen=True, slots=True)
class Document:
    """A GraphQL text with its variables, its ``pieces``, and the ``places`` of their answers.

    ``zones`` are the lists of zones that it asks, by their keys; none: it is about the account itself.
    """

    text: str
    variables: Variables
    pieces: tuple[Piece, ...] = ()
    places: tuple[Place, ...] = ()
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def whole_piece(dataset: Dataset, question: Question, limits: DatasetLimits) -> Piece:
    """Return the piece that covers a whole question, from and to times by which its dataset can be asked."""
    grain, about = dataset.grain, dataset
    since, until = grain.floor_step(question.since), grain.ceil_step(question.until)
    if question.is_overview:
        about = dataset.overview
    elif question.is_ranking and dataset.limited is not None:
        about = dataset.ranking
        limits = replace(limits, page_size=min(RANKED * dataset.limited.top, limits.page_size))
    return Piece(
        about,
        since,
        until,
        newest_since=since if question.asks_newest else None,
        limits=limits,
        by_day=question.by_day,
        is_overview=question.is_overview,
        zone_id=question.scope.zone_id,
        is_ranking=question.is_ranking,
    )


def count_aliases(pieces: Sequence[Piece]) -> int:
    """Return the number of aliases that some pieces of one account or zone take in a document."""
    return len(pieces) + len({_newest_asked(piece) for piece in pieces if piece.newest_since is not None})


def _newest_asked(piece: Piece) -> tuple[str, str, datetime | None, datetime]:
    """Return what the newest minute with data depends on: all rows count, whichever of them a piece is about."""
    return piece.zone_id, piece.dataset.name, piece.newest_since, piece.until


def take_batch(pieces: Sequence[Piece], most: int = MOST_ALIASES) -> tuple[list[Piece], list[Piece]]:
    """Return the first pieces that fit into a document of at most ``most`` aliases (at least one), and the rest."""
    end = len(pieces)
    while end > 1 and count_aliases(pieces[:end]) > most:
        end -= 1
    return list(pieces[:end]), list(pieces[end:])


def fill_batch(
    batch: Sequence[Piece], spare: Sequence[list[Piece]], most: int = MOST_ALIASES
) -> tuple[list[Piece], list[list[Piece]]]:
    """Return the pieces of the first spare questions that fit into what a batch leaves free, and the other questions.

    The pieces of a question are asked in one document or not at all.
    """
    free = most - count_aliases(batch)
    filling: list[Piece] = []
    left: list[list[Piece]] = []
    for pieces in spare:
        aliases = count_aliases(pieces)
        if aliases <= free:
            free -= aliases
            filling += pieces
        else:
            left.append(pieces)
    return filling, left


def build_document(account_id: str, pieces: Sequence[Piece]) -> Document:
    """Return the document that queries some pieces of one account, each within its limits."""
    selection = select(pieces)
    text = write_text(["$account: string!", *selection.declarations], selection.nodes)
    places = tuple(Place("", number, newest) for number, newest in enumerate(selection.newest))
    return Document(text, {"account": account_id, **selection.variables}, tuple(pieces), places)


def write_text(declarations: Sequence[str], nodes: str) -> str:
    """Return the text of a document with these variables that selects ``nodes`` of an account."""
    return (
        f"query Usage({', '.join(declarations)}) {{\n"
        "  cost\n"
        "  viewer {\n"
        "    budget\n"
        "    accounts(filter: {accountTag: $account}) {\n"
        f"{nodes}"
        "    }\n"
        "  }\n"
        "}\n"
    )


_Values = dict[str, Variable]


class Selection(NamedTuple):
    """The nodes that query some pieces, with the declarations and values of their variables.

    ``newest`` is the number of the node that tells each piece's newest minute.
    """

    nodes: str
    declarations: tuple[str, ...]
    variables: Variables
    newest: tuple[int, ...]


def select(pieces: Sequence[Piece], first: int = 0) -> Selection:
    """Return the nodes that query some pieces, whoever they are about, numbered from the ``first`` on."""
    declarations: list[str] = []
    variables: _Values = {}
    nodes: list[str] = []
    told: dict[tuple[str, str, datetime | None, datetime], int] = {}
    for index, piece in enumerate(pieces, first):
        usage_filter = _filter(piece, index, declarations, variables)
        nodes.append(_usage_node(piece, index, usage_filter))
        if told.setdefault(_newest_asked(piece), index) == index and piece.newest_since is not None:
            _declare_time(declarations, variables, f"newest_since_{index}", piece.dataset.grain, piece.newest_since)
            nodes.append(_newest_node(piece.dataset, index))
    newest = tuple(told[_newest_asked(piece)] for piece in pieces)
    return Selection("".join(nodes), tuple(declarations), variables, newest)


def _filter(piece: Piece, index: int, declarations: list[str], variables: _Values) -> str:
    grain = piece.dataset.grain
    _declare_time(declarations, variables, f"since_{index}", grain, piece.since)
    _declare_time(declarations, variables, f"until_{index}", grain, piece.until)
    conditions = [f"{grain.bound}_geq: $since_{index}", f"{grain.bound}_lt: $until_{index}"]
    for number, (name, value) in enumerate(piece.dataset.only):
        _declare(declarations, variables, f"only_{index}_{number}", "string", value)
        conditions.append(f"{name}: $only_{index}_{number}")
    if piece.id_from is not None:
        _declare(declarations, variables, f"from_{index}", "string", piece.id_from)
        conditions.append(f"{piece.dataset.id_dimension}_geq: $from_{index}")
    if piece.id_below is not None:
        _declare(declarations, variables, f"below_{index}", "string", piece.id_below)
        conditions.append(f"{piece.dataset.id_dimension}_lt: $below_{index}")
    if piece.among:
        _declare(declarations, variables, f"among_{index}", "[string!]", list(piece.among))
        conditions.append(f"{piece.dataset.id_dimension}_in: $among_{index}")
    label = piece.limited
    if label is not None and piece.words:
        words = piece.words if label.scalar == TEXT else tuple(map(int, piece.words))
        _declare(declarations, variables, f"words_{index}", f"[{label.scalar}!]", words)
        conditions.append(f"{label.dimension}_{'notin' if piece.is_rest else 'in'}: $words_{index}")
    return "{" + ", ".join(conditions) + "}"


def _declare_time(declarations: list[str], variables: _Values, name: str, grain: Grain, moment: datetime) -> None:
    if grain.bound == "date":
        _declare(declarations, variables, name, "Date", moment.date().isoformat())
    else:
        _declare(declarations, variables, name, "Time", format_time(moment))


def _declare(declarations: list[str], variables: _Values, name: str, kind: str, value: Variable) -> None:
    declarations.append(f"${name}: {kind}!")
    variables[name] = value


def _usage_node(piece: Piece, index: int, usage_filter: str) -> str:
    dataset = piece.dataset
    groups: dict[str, list[str]] = {}
    for entry in piece.selected:
        groups.setdefault(entry.group, []).append(entry.name)
    if dataset.says_sampling:
        groups.setdefault("avg", []).append("sampleInterval")
    dimensions = [name for name in (piece.grain, *piece.dimensions) if name]
    selections = [f"dimensions {{ {' '.join(dimensions)} }}"] if dimensions else []
    selections += [f"{group} {{ {' '.join(names)} }}" if group else " ".join(names) for group, names in groups.items()]
    order = f", orderBy: [{piece.order}]" if piece.order else ""
    return (
        f"      usage_{index}: {dataset.name}(limit: {piece.limits.page_size}, filter: {usage_filter}{order}) {{\n"
        f"        {' '.join(selections)}\n"
        "      }\n"
    )


def _newest_node(dataset: Dataset, index: int) -> str:
    time = dataset.grain.bound
    newest_filter = f"{{{time}_geq: $newest_since_{index}, {time}_lt: $until_{index}}}"
    return (
        f"      newest_{index}: {dataset.name}"
        f"(limit: 1, filter: {newest_filter}, orderBy: [{time}_DESC]) {{\n"
        f"        dimensions {{ {time} }}\n"
        "      }\n"
    )


def without_newest(piece: Piece) -> Piece:
    """Return the piece without the query for its newest minute."""
    return replace(piece, newest_since=None)
