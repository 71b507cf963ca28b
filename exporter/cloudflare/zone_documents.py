"""GraphQL documents about zones: which pieces are queried together, and how a refused document is divided. Pure.

Zones are queried within their account: only so are they limited with it, and a zone that has moved to another account
is not answered under the old one any more.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import count, repeat
from textwrap import indent

from exporter.catalog.dataset import Dataset
from exporter.cloudflare.client import Variable
from exporter.cloudflare.documents import MOST_ALIASES, Document, Piece, Place, count_aliases, select, write_text

MOST_ZONES = 10
"""The maximum number of zones in a document: https://developers.cloudflare.com/analytics/graphql-api/limits/"""

MOST_ZONE_NODES = 10
"""The number of zones times aliases that is tried first: 10 were seen to be answered, and 50 refused."""


def take_zone_batch(pieces: Sequence[Piece], most: int = MOST_ZONE_NODES) -> tuple[list[Piece], list[Piece]]:
    """Return pieces of zones that fit into one document, at least one, and the rest.

    Zones with the same pieces left share aliases, and come first; others fill what room there is.
    """
    left = _by_zone(pieces)
    taken: dict[str, int] = {}
    aliases = nodes = 0
    for zones in _alike(left):
        there = left[zones[0]]
        each = count_aliases(there[:1])
        room = min(MOST_ZONES - len(taken), (most - nodes) // each if aliases + each <= MOST_ALIASES else 0)
        if room < 1 and taken:
            continue
        some = zones[: max(room, 1)]
        end = 1
        while end < len(there):
            each = count_aliases(there[: end + 1])
            if aliases + each > MOST_ALIASES or nodes + each * len(some) > most:
                break
            end += 1
        taken |= dict.fromkeys(some, end)
        aliases += count_aliases(there[:end])
        nodes += count_aliases(there[:end]) * len(some)
        if len(taken) >= MOST_ZONES or nodes >= most:
            break
    batch = [piece for zone, end in taken.items() for piece in left[zone][:end]]
    return batch, [piece for zone, there in left.items() for piece in there[taken.get(zone, 0) :]]


def _by_zone(pieces: Iterable[Piece]) -> dict[str, list[Piece]]:
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.zone_id, []).append(piece)
    return found


def _alike(pieces: Mapping[str, Sequence[Piece]]) -> list[list[str]]:
    """Return the zones, in lists of those that have the same pieces."""
    found: dict[Hashable, list[str]] = {}
    for zone, there in pieces.items():
        found.setdefault(tuple(map(shape_of, there)), []).append(zone)
    return list(found.values())


def count_zone_documents(datasets: Iterable[Dataset], zones: int, most: int = MOST_ZONE_NODES) -> int:
    """Return about the number of documents in which some zones are asked for the datasets of zones among these."""
    asked = [dataset for dataset in datasets if dataset.reads.is_zone_node]
    aliases = sum(1 + dataset.asks_newest + (dataset.limited is not None) for dataset in asked)
    return max(-(-aliases * zones // most), -(-zones // MOST_ZONES) if aliases else 0)


def shape_of(piece: Piece) -> Hashable:
    """Return what makes pieces of different zones answerable by one node: all but whose they are."""
    times = (piece.since, piece.until, piece.newest_since)
    return (
        piece.dataset.key,
        *times,
        piece.id_from,
        piece.id_below,
        piece.limits,
        piece.by_day,
        piece.is_overview,
        piece.elsewhere,
        piece.is_ranking,
        piece.words,
        piece.is_rest,
    )


def build_zone_document(account_id: str, pieces: Sequence[Piece]) -> Document:
    """Return the document that queries pieces of zones; those with the same pieces stand in one list."""
    left = _by_zone(pieces)
    nodes: list[str] = []
    declarations = ["$account: string!"]
    variables: dict[str, Variable] = {"account": account_id}
    lists: dict[str, tuple[str, ...]] = {}
    places: dict[str, Iterator[Place]] = {}
    aliases = 0
    for number, zones in enumerate(_alike(left)):
        key = f"zones_{number}" if number else "zones"
        there = left[zones[0]]
        selection = select(there, aliases)
        name = f"{key}: zones" if number else key
        nodes.append(f"      {name}(filter: {{zoneTag_in: ${key}}}) {{\n        zoneTag\n")
        nodes.append(f"{indent(selection.nodes, '  ')}      }}\n")
        declarations += [f"${key}: [string!]!", *selection.declarations]
        variables |= {key: zones, **selection.variables}
        lists[key] = tuple(zones)
        places |= {zone: map(Place, repeat(key), count(aliases), selection.newest) for zone in zones}
        aliases += len(there)
    text = write_text(declarations, "".join(nodes))
    return Document(text, variables, tuple(pieces), tuple(next(places[piece.zone_id]) for piece in pieces), lists)


def divide(pieces: Sequence[Piece], said: str) -> tuple[list[Piece], list[Piece]] | tuple[()]:
    """Return the pieces of a refused document in two parts, each for a document; none if it is a single piece.

    The zones are divided, as what Cloudflare ``said`` suggests; where they cannot be, the pieces of each zone are.
    """
    left = _by_zone(pieces)
    parts = divide_zones(list(left), said)
    if parts:
        return _partition(pieces, lambda piece: piece.zone_id in parts[0])
    halves = [piece for there in left.values() for piece in there[: len(there) // 2]]
    return _partition(pieces, lambda piece: any(piece is half for half in halves)) if halves else ()


def divide_zones(zones: Sequence[str], said: str) -> tuple[list[str], list[str]] | tuple[()]:
    """Return the zones that Cloudflare names in what it ``said`` and the others, or two halves if it names none.

    A single zone, or zones that are all named, cannot be divided.
    """
    named = [zone for zone in zones if zone in said] or list(zones[: len(zones) // 2])
    others = [zone for zone in zones if zone not in named]
    return (named, others) if named and others else ()


def _partition(pieces: Sequence[Piece], is_first: Callable[[Piece], bool]) -> tuple[list[Piece], list[Piece]]:
    parts: tuple[list[Piece], list[Piece]] = ([], [])
    for piece in pieces:
        parts[not is_first(piece)].append(piece)
    return parts
