"""Field types shared by the configuration's sections (ids, words, URLs, durations), each with its validation."""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from exporter.catalog import KINDS, PRODUCTS
from exporter.nearest import ending
from exporter.pricing.money import MOST_DIGITS

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def on_one_line(text: str) -> str:
    """Return a text whose control characters and line breaks are escaped, for a line of a message."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


_URL = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?(/[^\s?#]*)?")

HIGHEST_PORT = 65_535


def check_url(text: Any, example: str) -> str:
    """Return an ``http`` or ``https`` URL unchanged; credentials and parameters are refused.

    Raises ValueError with the example; the message never quotes the URL.
    """
    found = _URL.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found[2] or 0) > HIGHEST_PORT:
        raise ValueError(f"must be a URL such as {example}, without credentials or parameters")
    return str(text)


ACCOUNT_ID = re.compile(r"[0-9a-f]{32}")


def _parse_account_id(text: Any) -> str:
    if not isinstance(text, str) or not ACCOUNT_ID.fullmatch(text):
        raise ValueError("must be an account id (32 lowercase hexadecimal digits, as in the dashboard's address bar)")
    return text


def _check_word(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _check_regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a valid regular expression: {error}") from None
    return text


def _is_one_of(what: str, words: Iterable[str]) -> Callable[[str], str]:
    known = tuple(words)

    def check(glob: str) -> str:
        if not any(fnmatchcase(word, glob) for word in known):
            raise ValueError(f"matches no {what}; known: {', '.join(known)}{ending(glob, known)}")
        return glob

    return check


def _refuse_words(value: Any) -> Any:
    """Raise ValueError for booleans, which pydantic would accept as 0 or 1."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def _check_file_name(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("must be the name of a file")
    return path


def _check_folder_name(text: str) -> str:
    if "\0" in text:
        raise ValueError("must be the name of a folder")
    return text


FileName = Annotated[Path, AfterValidator(_check_file_name)]
FolderName = Annotated[str, AfterValidator(_check_folder_name)]
AccountId = Annotated[str, BeforeValidator(_parse_account_id)]
Word = Annotated[str, AfterValidator(_check_word)]
Regex = Annotated[str, AfterValidator(_check_word), AfterValidator(_check_regex)]
ProductGlob = Annotated[str, AfterValidator(_is_one_of("product", (product.name for product in PRODUCTS)))]
Kind = Annotated[str, AfterValidator(_is_one_of("kind", KINDS))]


Whole = Annotated[int, BeforeValidator(_refuse_words)]
Share = Annotated[float, BeforeValidator(_refuse_words), Field(gt=0, le=1)]
Exact = Annotated[Decimal, BeforeValidator(_refuse_words), Field(max_digits=MOST_DIGITS)]
"""A finite number whose digits, before and after the point, arithmetic can hold."""


class Section(BaseModel):
    """A section of the configuration: unknown keys are refused, and errors never quote values."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_says_nothing(cls, section: Any) -> Any:
        """Treat a key whose lines are all commented out as absent."""
        if not isinstance(section, dict):
            return section
        return {key: value for key, value in section.items() if value is not None or key not in cls.model_fields}


NOT_A_DURATION = "must be a duration such as 30s, 10m or 1h30m"

_LONGEST = timedelta(days=36_500)
"""The longest duration: adding it to a date has to give a date."""

TOO_LONG = "must be at most 100y"

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}

_DURATION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")


def parse_duration(text: Any) -> timedelta:
    """Parse a duration in Prometheus's notation (``90s``, ``1h30m``). Raises ValueError."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not _DURATION.fullmatch(text):
        raise ValueError(NOT_A_DURATION)
    parts = re.findall(r"(\d+)(ms|[smhdwy])", text)
    try:
        length = sum((int(number) * _UNITS[unit] for number, unit in parts), timedelta(0))
    except (OverflowError, ValueError):
        raise ValueError(TOO_LONG) from None
    if length > _LONGEST:
        raise ValueError(TOO_LONG)
    return length


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
