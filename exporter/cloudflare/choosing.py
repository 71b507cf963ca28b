"""Which words of a limited label are asked about: each piece is asked for those that are kept, and for the rest. Pure.

The rest is asked by the opposite filter, and is not the difference between a whole and the kept words: an answer to one
of the two that is late, empty or lower than before then says nothing false of the other.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from exporter.cloudflare.documents import Piece
from exporter.cloudflare.zone_documents import MOST_ZONES, shape_of
from exporter.model import Choice


def cut_at_choices(piece: Piece, choices: Sequence[Choice]) -> Iterator[Piece]:
    """Yield the parts of a piece in which one choice holds each."""
    changes = (choice.since for choice in choices if piece.since < choice.since < piece.until)
    for since, until in pairwise((piece.since, *changes, piece.until)):
        yield replace(piece, since=since, until=until)


def choose(piece: Piece, choices: Sequence[Choice]) -> Iterator[Piece]:
    """Yield the piece about the words that are kept when it begins, if there are any, and the one about the rest."""
    held = [choice.words for choice in choices if choice.since <= piece.since]
    words = held[-1] if held else ()
    chosen = replace(piece, kept=frozenset(words), words=words)
    if words:
        yield chosen
    yield replace(chosen, is_rest=True)


def share_words(cut: Sequence[tuple[Piece, ...]]) -> list[tuple[Piece, ...]]:
    """Return the pieces of some questions, such that zones with other words of a label can share a document.

    They are asked about the words of all zones among ten, and each zone's answer is folded by its own. Which ten does
    not change when a document is refused and divided: the pieces of a zone have to be about the same words.
    """
    shared = list(cut)
    alike: dict[Hashable, list[int]] = {}
    for number, pieces in enumerate(cut):
        if pieces[0].zone_id and any(piece.words for piece in pieces):
            shape = tuple(shape_of(replace(piece, words=())) for piece in pieces)
            alike.setdefault(shape, []).append(number)
    for numbers in alike.values():
        for start in range(0, len(numbers), MOST_ZONES):
            some = numbers[start : start + MOST_ZONES]
            words = [_all_words(pieces) for pieces in zip(*(cut[number] for number in some), strict=True)]
            for number in some:
                both = zip(cut[number], words, strict=True)
                shared[number] = tuple(replace(piece, words=asked) for piece, asked in both)
    return shared


def _all_words(pieces: Iterable[Piece]) -> tuple[str, ...]:
    return tuple(sorted({word for piece in pieces for word in piece.words}))
