"""The values of flags: listen addresses, URLs of other servers, paths, durations."""

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from exporter.config import parse_duration
from exporter.config.fields import check_url

DEFAULT_LISTEN = ":9199"

FASTEST = 100_000
"""The highest speed of a simulated clock: more than a day in a second."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address to listen on; an empty host means all addresses."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return ``host:port``, with an IPv6 address in brackets and ``*`` for all addresses."""
        host = f"[{self.host}]" if ":" in self.host else self.host or "*"
        return f"{host}:{self.port}"


def parse_address(text: str) -> Address:
    """Parse ``[host]:port``. Raises ValueError."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^:\[\]\s/]*)):(\d{1,5})", text, re.ASCII)
    if not found or int(found[3]) > 65535:
        raise ValueError(text)
    return Address(found[1] or found[2] or "", int(found[3]))


def listen_addresses(options: argparse.Namespace) -> list[Address]:
    """Return the addresses of ``--web.listen-address``, at least one."""
    return options.web_listen_address or [parse_address(DEFAULT_LISTEN)]


def address_flag(text: str) -> Address:
    """Parse the value of an address flag. Raises ArgumentTypeError."""
    try:
        return parse_address(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form [host]:port") from None


def url_flag(example: str) -> Callable[[str], str]:
    """Return a parser for the URL of another server; it raises ArgumentTypeError, which never quotes the URL."""

    def read(text: str) -> str:
        try:
            return check_url(text, example)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def path_flag(text: str) -> str:
    """Parse the path of a page. Raises ArgumentTypeError."""
    if not re.fullmatch(r"/[^\s{}?#]+", text) or text.startswith("/-/"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a path such as /metrics")
    return text


def speed_flag(text: str) -> float:
    """Parse how many times faster a clock runs. Raises ArgumentTypeError."""
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0 and up to {FASTEST:,}")
    return speed


def duration_flag(text: str) -> timedelta:
    """Parse a duration such as ``90s``. Raises ArgumentTypeError."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}': {error}") from None
