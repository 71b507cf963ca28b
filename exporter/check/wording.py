"""Numbers and time spans as text in findings. Pure."""

from datetime import timedelta

UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def count(number: int, word: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 account``, ``1,200 accounts``; ``plural`` if it is not the word plus s."""
    return f"{number:,} {word if number == 1 else plural or f'{word}s'}"


def span(length: timedelta) -> str:
    """Return a span in Prometheus's notation, ``31d`` or ``1h30m``; rounded up to whole seconds."""
    left = -(-length // timedelta(seconds=1))
    text = ""
    for size, unit in UNITS:
        number, left = divmod(left, size)
        text += f"{number}{unit}" if number else ""
    return text or "0s"
