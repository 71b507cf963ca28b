"""Addresses of other servers, as the configuration and flags name them."""

import re
from typing import Any

_URL = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?(/[^\s?#]*)?")

HIGHEST_PORT = 65_535


def check_url(text: Any, example: str) -> str:
    """Give an ``http`` or ``https`` address as it is; one with credentials or parameters is refused.

    Raises ValueError, which names the example and never the address.
    """
    found = _URL.fullmatch(text) if isinstance(text, str) else None
    if found is None or int(found[2] or 0) > HIGHEST_PORT:
        raise ValueError(f"not an address such as {example}")
    return str(text)
