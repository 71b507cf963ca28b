"""JSON of answers; long ones are decoded element by element, so that other threads have their turn in between. Pure.

The standard decoder keeps the interpreter to itself from the first to the last character, which is a tenth of a second
for ten megabytes; no scrape is answered meanwhile.
"""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from json import JSONDecodeError, JSONDecoder
from typing import Any

LEVELS = {"rest": 2, "graphql": 6}
"""How many levels there are around the rows of an answer, by API: body and result, or body, data, viewer, accounts,
account and alias."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

MOST_DIGITS = 1_000
"""An integer with more is read apart: Python refuses to convert one of 4,301."""

DEEPEST = 64
"""More levels than any answer has. What the decoder takes with the whole stack, others can't even show afterwards."""

_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_texts = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)

_ill_formed = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)").search
_escape = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u([dD][89a-fA-F][0-9a-fA-F]{2}|0000)|\\.", re.DOTALL
)
"""A surrogate pair, half of one (or NUL), or another escape."""

_skip_space = re.compile(r"[ \t\n\r]*").match


def decode_json(text: str, levels: int) -> Any:
    """Return what a JSON text says, with Decimals for fractions; so many levels are taken apart.

    A number that Python does not convert is a Decimal, or NaN if it has too large an exponent. Raises JSONDecodeError.
    """
    try:
        return _decode(_Decoder(text), text, levels)
    except JSONDecodeError:
        raise
    except (ValueError, ArithmeticError):
        return _decode(_Decoder(text, read_whole, read_fraction), text, levels)


def is_too_deep(body: bytes) -> bool:
    """Return whether JSON is nested deeper than any answer, or its brackets do not match."""
    return _has_brackets_left(body) and _has_brackets_left(_texts.sub(b"", body))


def replace_ill_formed(text: str) -> str:
    """Return a JSON text with U+FFFD in place of halves of surrogate pairs and of NUL, which are no text elsewhere.

    JavaScript cuts strings within an emoji; neither UTF-8, nor SQLite, nor Prometheus takes the rest of it.
    """
    text = text.replace("\0", REPLACEMENT)
    return _escape.sub(_replace_escape, text) if _ill_formed(text) else text


def _has_brackets_left(body: bytes) -> bool:
    """Return whether brackets are left when all that match have been taken away, level by level from the inside."""
    left = body.translate(None, _ALL_BUT_BRACKETS)
    for _ in range(DEEPEST):
        left = left.replace(b"[]", b"").replace(b"{}", b"")
    return bool(left)


def read_whole(digits: str) -> int | Decimal:
    """Return an integer; a Decimal if it has more digits than Python converts at once."""
    return int(digits) if len(digits) <= MOST_DIGITS else Decimal(digits)


def read_fraction(digits: str) -> Decimal:
    """Return a number with a fraction or an exponent; NaN if the exponent is larger than Decimal's."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return Decimal("NaN")


def _decode(decoder: "_Decoder", text: str, levels: int) -> Any:
    value, end = decoder.value(0, levels)
    end = decoder.skip(end)
    if end != len(text):
        raise JSONDecodeError("Extra data", text, end)
    return value


class _Decoder:
    """Decodes the value that starts at a position, and returns where it ends."""

    def __init__(
        self,
        text: str,
        parse_int: Callable[[str], int | Decimal] | None = None,
        parse_float: Callable[[str], Decimal] = Decimal,
    ) -> None:
        self._text = text
        self._decode = JSONDecoder(parse_float=parse_float, parse_int=parse_int).raw_decode

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


def _replace_escape(found: re.Match[str]) -> str:
    return REPLACEMENT if found[1] else found[0]
