"""Long JSON, decoded element by element: the same as the standard decoder's answer, in any layout, right or wrong."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cloudflare.json_text import decode_json

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
