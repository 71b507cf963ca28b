"""Long JSON, decoded element by element: the same as the standard decoder's answer, in any layout, right or wrong."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloudflare.bodies import decode_body
from exporter.cloudflare.json_text import DEEPEST, decode_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


def _standard(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


@given(VALUES, st.sampled_from([None, 0, 3]), st.booleans())
def test_it_is_what_the_standard_decoder_says(value: Any, indent: int | None, is_ascii: bool) -> None:
    """Any value, in any layout, is decoded alike."""
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    assert decode_json(text, 6) == _standard(text)


@given(VALUES, st.data())
def test_it_refuses_what_the_standard_decoder_refuses(value: Any, data: st.DataObject) -> None:
    """A text with a character missing, doubled or replaced is decoded alike, or refused by both."""
    text = json.dumps(value)
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(["", text[at] * 2, *'{}[],:"0 -']))
    broken = text[:at] + put + text[at + 1 :]
    try:
        expected = _standard(broken)
    except ValueError:
        with pytest.raises(json.JSONDecodeError):
            decode_json(broken, 6)
    else:
        assert decode_json(broken, 6) == expected


@pytest.mark.parametrize(
    "text", ["", " ", "{", "[", "[1", '{"a"', '{"a":', '{"a":1', "[1,]", '{"a":1,}', "{1:2}", "1 2", "\ufeff1"]
)
def test_broken_texts_are_refused(text: str) -> None:
    """What ends too early or goes on too long raises the error that the standard decoder raises."""
    with pytest.raises(json.JSONDecodeError):
        decode_json(text, 6)


def test_deeper_levels_are_whole() -> None:
    """Values below the levels that are taken apart are there, too, with exact fractions."""
    text = "[" * 12 + '{"a": [0.1, 12345678901234567890]}' + "]" * 12
    value = decode_json(text, 6)
    assert value == _standard(text)
    for _ in range(12):
        (value,) = value
    assert value == {"a": [Decimal("0.1"), 12345678901234567890]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (rb'"sessions \ud83d"', "sessions \ufffd"),
        (rb'"\uDE80 landed"', "\ufffd landed"),
        (rb'"\ud83d\ude80"', "\U0001f680"),
        (rb'"\ud83d\ud83d\ude80\ude80"', "\ufffd\U0001f680\ufffd"),
        (rb'"\ud83dabc\n\\ud83d"', "\ufffdabc\n\\ud83d"),
        (rb'"nul \u0000 \u00001"', "nul \ufffd \ufffd1"),
        (b'"nul \x00"', "nul \ufffd"),
        (b'"cut \xf0\x9f\x9a"', "cut \ufffd"),
        (b'"surrogate \xed\xa0\xbd"', "surrogate \ufffd\ufffd\ufffd"),
        (rb'{"\ud83d": ["\udc00"]}', {"\ufffd": ["\ufffd"]}),
        ('"\U0001f680 \u2028 \u0085"'.encode(), "\U0001f680 \u2028 \u0085"),
    ],
)
def test_what_is_no_text_is_replaced(content: bytes, said: Any) -> None:
    """Halves of surrogate pairs, NUL and bytes that are no UTF-8, wherever they are; all else stays as it is."""
    assert decode_body([content], 0) == decode_body([content], 6) == said


def _broken(text: str) -> str:
    return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


@given(st.text(alphabet=st.sampled_from('a\\u0d8c\0\n\U0001f680\ud83d\ude80"')))
def test_any_text_can_be_written_afterwards(text: str) -> None:
    """Whatever JavaScript makes of it, UTF-8 takes what is decoded, and whole characters are the same."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    decoded = decode_body([json.dumps(text).encode()], 0)
    assert decoded.encode().decode() == decoded == _broken(json.loads(json.dumps(whole)))


@pytest.mark.parametrize("levels", [0, 6])
def test_numbers_that_python_does_not_convert_cost_nothing_else(levels: int) -> None:
    """They are decoded as what nothing counts, and the values beside them as ever."""
    row = f'{{"n": {"9" * 5_000}, "e": 1e99999999999999999999, "big": 1e400, "x": NaN, "one": 1, "half": 0.5}}'
    text = f'{{"rows": [{row}]}}'
    (found,) = decode_json(text, levels)["rows"]
    assert found["n"] == Decimal("9" * 5_000)
    assert found["e"].is_nan()
    assert found["big"] == Decimal("1e400")
    assert (found["one"], found["half"]) == (1, Decimal("0.5"))
    assert type(found["one"]) is int


@pytest.mark.parametrize("level", [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_deeper_than_any_answer_is_none(level: tuple[str, str]) -> None:
    """The decoder would take it with the whole stack, and nobody could show it afterwards; texts don't count."""
    opening, closing = level
    assert decode_body([f"{opening * DEEPEST}1{closing * DEEPEST}".encode()], 0) is not None
    assert decode_body([f"{opening * (DEEPEST + 1)}1{closing * (DEEPEST + 1)}".encode()], 0) is None
    assert decode_body([f"{opening * 100_000}".encode()], 0) is None
    text = json.dumps(f'{opening * 900}"\\')
    assert decode_body([f"[{text}]".encode()], 0) == [json.loads(text)]
