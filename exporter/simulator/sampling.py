"""What sampling makes of the rows of an answer."""

from hashlib import blake2b

from exporter.simulator.usage import Key
from exporter.simulator.world import Sampling

_MILLION = 1_000_000
_DRAWS = 1 << 32

Rows = dict[Key, list[int]]


def reported_interval(sampling: Sampling) -> int:
    """What an answer says of its sampling: never 1, which means exact, if it is an estimate."""
    return max(sampling.interval, 2) if sampling.noise else sampling.interval


def sampled(rows: Rows, sampling: Sampling, salt: str) -> Rows:
    """What remains of rows when one event in an interval is kept and scaled up again, each row off by its noise.

    `salt` tells answers apart: the same question is answered differently with another.
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
    """Millionths between 1 - noise and 1 + noise, drawn for a row."""
    if not noise:
        return _MILLION
    draw = int.from_bytes(blake2b(f"{salt}/{key}".encode(), digest_size=4).digest())
    widest = noise * 1_000
    return _MILLION - widest + draw * (2 * widest + 1) // _DRAWS
