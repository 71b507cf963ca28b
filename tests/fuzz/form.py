"""What everything that was read must be like, whatever was answered."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from exporter.cloudflare import CloudflareError


def check_form(value: Any) -> None:
    """Fail unless all texts are valid Unicode, all times aware and in UTC, and all numbers finite, within any value."""
    match value:
        case str():
            value.encode()
        case datetime():
            assert value.utcoffset() == timedelta(0), value
        case Decimal():
            assert value.is_finite(), value
        case float():
            raise AssertionError(f"{value} is a float")
        case CloudflareError():
            check_form((value.detail, value.remedy))
            assert value.detail
        case Mapping():
            check_form(list(value.items()))
        case _ if is_dataclass(value):
            check_form([getattr(value, field.name) for field in fields(value)])
        case Iterable():
            for each in value:
                check_form(each)
