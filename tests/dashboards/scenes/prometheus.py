"""A real Prometheus that holds what a test writes into it, at any time of the past."""

import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from stack.port import any_free
from stack.process import Process
from stack.tools import Tools

Labels = Mapping[str, str]

Samples = Sequence[tuple[datetime, float | None]]
"""In the order of time; None marks that the series is gone."""

_GONE = struct.pack("<Q", 0x7FF0_0000_0000_0002)
"""Prometheus' own not-a-number of a series that has ended."""

_REQUEST_BYTES = 4_000_000

_LITERAL = bytes((63 << 2,))
"""Snappy: what follows is four bytes of length, and the content as it is."""


class Prometheus:
    """A server of its own, whose head takes what is up to half a year apart in any order of series."""

    def __init__(self, tools: Tools, folder: Path) -> None:
        config, port = folder / "prometheus.yml", any_free()
        config.write_text("global: {}\n")
        self._process = Process(
            "prometheus",
            [
                tools.prometheus,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                "--storage.tsdb.retention.time=10y",
                "--storage.tsdb.min-block-duration=400d",
                "--storage.tsdb.max-block-duration=400d",
                "--web.enable-remote-write-receiver",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
                *tools.prometheus_flags,
            ],
            folder / "prometheus.log",
        )
        self._address = f"http://127.0.0.1:{port}"
        self._client = httpx.Client(base_url=f"{self._address}/api/v1", trust_env=False, timeout=60)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process.start()
        self._process.wait_until_ready(f"{self._address}/-/ready", 60)

    def stop(self) -> None:
        """Stop it."""
        self._client.close()
        self._process.stop()

    def write(self, series: Iterable[tuple[Labels, Samples]]) -> None:
        """Store samples, by the protocol of remote write."""
        waiting = bytearray()
        for labels, samples in series:
            waiting += _field(1, _encoded(labels, samples))
            if len(waiting) > _REQUEST_BYTES:
                self._send(bytes(waiting))
                waiting.clear()
        if waiting:
            self._send(bytes(waiting))

    def _send(self, content: bytes) -> None:
        packed = _varint(len(content)) + _LITERAL + struct.pack("<I", len(content) - 1) + content
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        answer = self._client.post("/write", content=packed, headers=headers)
        assert answer.is_success, f"Prometheus refused samples: {answer.text}\n{self._process.tail()}"

    def at(self, expression: str, moment: datetime) -> list[tuple[Labels, float]]:
        """Return what an expression gives at a moment."""
        found = self._ask("/query", query=expression, time=moment.timestamp())
        if found["resultType"] == "scalar":
            return [({}, float(found["result"][1]))]
        return [(series["metric"], float(series["value"][1])) for series in found["result"]]

    def between(
        self, expression: str, since: datetime, until: datetime, step: timedelta
    ) -> list[tuple[Labels, dict[datetime, float]]]:
        """Return what an expression gives at each step."""
        found = self._ask(
            "/query_range",
            query=expression,
            start=since.timestamp(),
            end=until.timestamp(),
            step=step.total_seconds(),
        )
        return [
            (series["metric"], {datetime.fromtimestamp(at, UTC): float(value) for at, value in series["values"]})
            for series in found["result"]
        ]

    def samples_read(self, expression: str, since: datetime, until: datetime, step: timedelta | None) -> int:
        """Return how many samples it reads for an expression: at the end, or at each step."""
        if step is None:
            found = self._ask("/query", query=expression, time=until.timestamp(), stats="all")
        else:
            along = {"start": since.timestamp(), "end": until.timestamp(), "step": step.total_seconds()}
            found = self._ask("/query_range", query=expression, stats="all", **along)
        return int(found["stats"]["samples"]["totalQueryableSamples"])

    def _ask(self, path: str, **parameters: Any) -> Any:
        answer = self._client.post(path, data=parameters)
        assert answer.is_success, f"Prometheus refused a question: {answer.text}\n{parameters['query']}"
        return answer.json()["data"]


def _encoded(labels: Labels, samples: Samples) -> bytes:
    return b"".join((*_labels(labels), *_samples(samples)))


def _labels(labels: Labels) -> Iterator[bytes]:
    for name, value in sorted(labels.items()):
        yield _field(1, _field(1, name.encode()) + _field(2, value.encode()))


def _samples(samples: Samples) -> Iterator[bytes]:
    for at, value in samples:
        number = _GONE if value is None else struct.pack("<d", math.nan if math.isnan(value) else value)
        yield _field(2, b"\x09" + number + b"\x10" + _varint(round(at.timestamp() * 1000)))


def _field(number: int, content: bytes) -> bytes:
    """Return a field of a message of protocol buffers that has a length."""
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    pieces = bytearray()
    while number > 0x7F:
        pieces.append(number & 0x7F | 0x80)
        number >>= 7
    pieces.append(number)
    return bytes(pieces)
