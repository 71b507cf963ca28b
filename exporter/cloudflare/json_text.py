"""JSON of answers; long ones are decoded element by element, so that other threads have their turn in between. Pure.

The standard decoder keeps the interpreter to itself from the first to the last character, which is a tenth of a second
for ten megabytes; no scrape is answered meanwhile.
"""

import re
from decimal import Decimal
from json import JSONDecodeError, JSONDecoder
from typing import Any

LEVELS = {"rest": 2, "graphql": 6}
"""How many levels there are around the rows of an answer, by API: body and result, or body, data, viewer, accounts,
account and alias."""

_skip_space = re.compile(r"[ \t\n\r]*").match


def decode_json(text: str, levels: int) -> Any:
    """Return what a JSON text says, with Decimals for fractions; so many levels are taken apart.

    Raises JSONDecodeError.
    """
    decoder = _Decoder(text)
    value, end = decoder.value(0, levels)
    end = decoder.skip(end)
    if end != len(text):
        raise JSONDecodeError("Extra data", text, end)
    return value


class _Decoder:
    """Decodes the value that starts at a position, and returns where it ends."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decode = JSONDecoder(parse_float=Decimal).raw_decode

    def value(self, at: int, levels: int) -> tuple[Any, int]:
        """Return a value and its end."""
        at = self.skip(at)
        if levels and self._text.startswith("{", at):
            return self._object(at, levels - 1)
        if levels and self._text.startswith("[", at):
            return self._array(at, levels - 1)
        return self._decode(self._text, at)

    def skip(self, at: int) -> int:
        """Return the position of the next character that is no white space."""
        space = _skip_space(self._text, at)
        return space.end() if space else at

    def _object(self, at: int, levels: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at, is_over = self._next(at + 1, "}")
        while not is_over:
            key, at = self._decode(self._text, at)
            if not isinstance(key, str):
                raise JSONDecodeError("Expecting property name enclosed in double quotes", self._text, at)
            found[key], at = self.value(self._expect(at, ":"), levels)
            at, is_over = self._after(at, "}")
        return found, at

    def _array(self, at: int, levels: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        at, is_over = self._next(at + 1, "]")
        while not is_over:
            element, at = self.value(at, levels)
            found.append(element)
            at, is_over = self._after(at, "]")
        return found, at

    def _next(self, at: int, closer: str) -> tuple[int, bool]:
        """Return where the next element starts, or the end and True if there is none."""
        at = self.skip(at)
        return (at + 1, True) if self._text.startswith(closer, at) else (at, False)

    def _after(self, at: int, closer: str) -> tuple[int, bool]:
        """Return where the element after one that ended starts, or the end and True if there is none."""
        at, is_over = self._next(at, closer)
        return (at, True) if is_over else (self.skip(self._expect(at, ",")), False)

    def _expect(self, at: int, character: str) -> int:
        at = self.skip(at)
        if not self._text.startswith(character, at):
            raise JSONDecodeError(f"Expecting '{character}' delimiter", self._text, at)
        return at + 1
