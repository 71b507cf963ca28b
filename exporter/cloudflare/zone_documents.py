"""GraphQL documents about zones: which pieces are queried together, and how a refused document is divided. Pure.

A document queries the same pieces of each of its zones, within their account: only so are zones limited with it, and a
zone that has moved to another account is not answered under the old one any more.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from textwrap import indent

from exporter.catalog.dataset import Dataset
from exporter.cloudflare.documents import Document, Piece, count_aliases, select, write_text

MOST_ZONES = 10
"""The maximum number of zones in a document: https://developers.cloudflare.com/analytics/graphql-api/limits/"""

MOST_ZONE_NODES = 10
"""The number of zones times aliases that is tried first. 50 were seen to be refused, and 10 to be answered."""


def take_zone_batch(pieces: Sequence[Piece], most: int = MOST_ZONE_NODES) -> tuple[list[Piece], list[Piece]]:
    """Return pieces of zones that fit into one document, at least one, and the rest.

    A document takes as many zones as have the same pieces left as the first, then as many of these as ``most`` admits.
    """
    left: dict[str, list[Piece]] = {}
    for piece in pieces:
        left.setdefault(piece.zone_id, []).append(piece)
    first, *_ = left.values()
    shapes = [shape_of(piece) for piece in first]
    alike = [zone for zone, there in left.items() if [shape_of(piece) for piece in there] == shapes]
    zones = alike[: max(min(MOST_ZONES, most // count_aliases(first[:1])), 1)]
    end = 1
    while end < len(first) and count_aliases(first[: end + 1]) * len(zones) <= most:
        end += 1
    batch = [piece for zone in zones for piece in left[zone][:end]]
    return batch, [piece for zone, there in left.items() for piece in there[end if zone in zones else 0 :]]


def count_zone_documents(datasets: Iterable[Dataset], zones: int) -> int:
    """Return about the number of documents in which some zones are asked for the datasets of zones among these."""
    of_zones = [dataset for dataset in datasets if dataset.is_of_zones]
    aliases = sum(2 if dataset.timing.asks_newest else 1 for dataset in of_zones)
    return -(-aliases * zones // MOST_ZONE_NODES)


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
    )


def build_zone_document(account_id: str, pieces: Sequence[Piece]) -> Document:
    """Return the document that queries pieces as ``take_zone_batch`` and ``divide`` put them together."""
    zones = tuple(dict.fromkeys(piece.zone_id for piece in pieces))
    selection = select(pieces[: len(pieces) // len(zones)])
    nodes = (
        f"      zones(filter: {{zoneTag_in: $zones}}) {{\n        zoneTag\n{indent(selection.nodes, '  ')}      }}\n"
    )
    text = write_text(["$account: string!", "$zones: [string!]!", *selection.declarations], nodes)
    variables = {"account": account_id, "zones": list(zones), **selection.variables}
    return Document(text, variables, tuple(pieces), zones)


def divide(pieces: Sequence[Piece], said: str) -> tuple[list[Piece], list[Piece]] | tuple[()]:
    """Return the pieces of a refused document in two parts, each for a document; none if it is a single piece.

    The zones are divided, as what Cloudflare ``said`` suggests; where they cannot be, the pieces of each zone are.
    """
    zones = list(dict.fromkeys(piece.zone_id for piece in pieces))
    parts = divide_zones(zones, said)
    if parts:
        return _partition(pieces, lambda _, piece: piece.zone_id in parts[0])
    each = len(pieces) // len(zones)
    return _partition(pieces, lambda number, _: number % each < each // 2) if each > 1 else ()


def divide_zones(zones: Sequence[str], said: str) -> tuple[list[str], list[str]] | tuple[()]:
    """Return the zones that Cloudflare names in what it ``said`` and the others, or two halves if it names none.

    A single zone, or zones that are all named, cannot be divided.
    """
    named = [zone for zone in zones if zone in said] or list(zones[: len(zones) // 2])
    others = [zone for zone in zones if zone not in named]
    return (named, others) if named and others else ()


def _partition(pieces: Sequence[Piece], is_first: Callable[[int, Piece], bool]) -> tuple[list[Piece], list[Piece]]:
    parts: tuple[list[Piece], list[Piece]] = ([], [])
    for number, piece in enumerate(pieces):
        parts[not is_first(number, piece)].append(piece)
    return parts
