"""The effect of sampling on the rows of an answer."""

from hashlib import blake2b

from exporter.simulator.usage import Key
from exporter.simulator.world import Sampling

_MILLION = 1_000_000
_DRAWS = 1 << 32

Rows = dict[Key, list[int]]


def reported_interval(sampling: Sampling) -> int:
    """Return the sample interval that an answer reports: never 1, which means exact, for an estimate."""
    return max(sampling.interval, 2) if sampling.noise else sampling.interval


def sampled(rows: Rows, sampling: Sampling, salt: str) -> Rows:
    """Return rows as if one event per interval had been kept and scaled up again, each row off by its noise.

    ``salt`` distinguishes answers: another salt changes the answer to the same question.
    """
    interval = sampling.interval
    estimates: Rows = {}
    for key, row in rows.items():
        factor = _factor(sampling.noise, salt, key)
        noisy = [(value * factor + _MILLION // 2) // _MILLION for value in row]
        estimate = [(value + interval // 2) // interval * interval for value in noisy]
        if estimate[0]:
            estimates[key] = estimate
    return estimates


def _factor(noise: int, salt: str, key: Key) -> int:
    """Return millionths between 1 - noise and 1 + noise, drawn for a row."""
    if not noise:
        return _MILLION
    draw = int.from_bytes(blake2b(f"{salt}/{key}".encode(), digest_size=4).digest())
    widest = noise * 1_000
    return _MILLION - widest + draw * (2 * widest + 1) // _DRAWS
