"""How numbers and spans of time read in a finding. Pure."""

from datetime import timedelta

UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def count(number: int, word: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 account``, ``1,200 accounts``; ``plural`` where it takes more than an s."""
    return f"{number:,} {word if number == 1 else plural or f'{word}s'}"


def span(length: timedelta) -> str:
    """Return a span as Prometheus writes it, ``31d`` or ``1h30m``; begun seconds count whole."""
    left = -(-length // timedelta(seconds=1))
    text = ""
    for size, unit in UNITS:
        number, left = divmod(left, size)
        text += f"{number}{unit}" if number else ""
    return text or "0s"
