"""What somebody may have meant by a name that does not exist. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 100
"""Longer words are no slip of a finger, and take long to compare."""

_MOST = 2


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question to put behind a sentence, with the nearest of the known names; empty if none is near."""
    near = get_close_matches(word, list(known), _MOST) if len(word) <= _LONGEST else []
    return f" Did you mean {' or '.join(near)}?" if near else ""


def ending(word: str, known: Iterable[str]) -> str:
    """Return the same for the end of what has no full stop of its own."""
    question = did_you_mean(word, known)
    return f".{question}" if question else ""
