"""Sampled answers: estimates, how they say that they are, and noise."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from exporter.simulator import Sampling, Simulator
from tests.simulator.client import ACCOUNT, HOUR, NINE, WORKERS, Client, between

UNTIL = datetime(2026, 6, 1, 10, 30, tzinfo=UTC)
WIDE = between(NINE, UNTIL)
BY_SCRIPT = "{ dimensions { scriptTag status } sum { requests cpuTimeUs } avg { sampleInterval } }"
BUCKETS = "r2OperationsAdaptiveGroups"


def asked(client: Client, limits: str = WIDE) -> dict[tuple[str, str], Any]:
    """The rows of Workers by script and status."""
    rows = client.rows(f"{WORKERS}(limit: 100, filter: {{{limits}}}) {BY_SCRIPT}")
    return {(row["dimensions"]["scriptTag"], row["dimensions"]["status"]): row for row in rows}


def test_sampling(simulate: Callable[..., Simulator]) -> None:
    """A sampled dataset says so and answers estimates, in wide ranges only."""
    simulator = simulate(sampling={WORKERS: Sampling(interval=10, wider_than=HOUR)})
    client = Client(simulator)
    fields = "{ sum { requests } avg { sampleInterval } }"
    (wide,) = client.rows(f"{WORKERS}(limit: 1, filter: {{{WIDE}}}) {fields}")
    (narrow,) = client.rows(f"{WORKERS}(limit: 1, filter: {{{between(NINE, NINE + HOUR)}}}) {fields}")
    exact = simulator.used(ACCOUNT, WORKERS, NINE, UNTIL)[()]["requests"]
    assert wide["avg"] == {"sampleInterval": 10}
    assert wide["sum"]["requests"] % 10 == 0
    assert abs(wide["sum"]["requests"] - exact) <= 5
    assert narrow["avg"] == {"sampleInterval": 1}


def test_noise(simulate: Callable[..., Simulator]) -> None:
    """Every answer is off by another little, within the noise; a narrow range is exact."""
    simulator = simulate(sampling={WORKERS: Sampling(interval=10, wider_than=HOUR, noise=20)})
    client = Client(simulator)
    exact = simulator.used(ACCOUNT, WORKERS, NINE, UNTIL, by=("scriptTag", "status"))
    answers = [asked(client) for _ in range(5)]
    shop = [answer["1" * 32, "success"]["sum"]["cpuTimeUs"] for answer in answers]
    assert len(set(shop)) == 5
    off = [figure / exact["1" * 32, "success"]["cpuTimeUs"] - 1 for figure in shop]
    assert all(abs(each) <= 0.0201 for each in off)
    assert max(off) - min(off) > 0.002
    for row in answers[0].values():
        assert row["avg"] == {"sampleInterval": 10}
        assert row["sum"]["requests"] % 10 == 0
    narrow = asked(client, between(NINE, NINE + HOUR))
    truth = simulator.used(ACCOUNT, WORKERS, NINE, NINE + HOUR, by=("scriptTag", "status"))
    assert {key: row["sum"]["requests"] for key, row in narrow.items()} == {
        key: figures["requests"] for key, figures in truth.items()
    }


def test_noise_differs_from_row_to_row(simulate: Callable[..., Simulator]) -> None:
    """Rows of one answer are not all off by the same, and one that is repeated in a new world is off as before."""
    sampling = {WORKERS: Sampling(interval=2, noise=50)}
    simulator = simulate(sampling=sampling)
    answer = asked(Client(simulator))
    exact = simulator.used(ACCOUNT, WORKERS, NINE, UNTIL, by=("scriptTag", "status"))
    off = {round(row["sum"]["cpuTimeUs"] / exact[key]["cpuTimeUs"] - 1, 4) for key, row in answer.items()}
    assert len(off) > len(answer) // 2
    assert asked(Client(simulate(sampling=sampling))) == answer
    assert asked(Client(simulate(sampling=sampling, seed=2))) != answer


def test_noise_that_is_not_reported(simulate: Callable[..., Simulator]) -> None:
    """A dataset that says nothing of sampling can be off all the same; one that reports it never claims to be exact."""
    noisy = Sampling(interval=1, noise=20)
    simulator = simulate(sampling={BUCKETS: noisy, WORKERS: noisy})
    client = Client(simulator)
    question = f"{BUCKETS}(limit: 100, filter: {{{WIDE}}}) {{ sum {{ responseBytes }} }}"
    figures = {client.rows(question)[0]["sum"]["responseBytes"] for _ in range(5)}
    exact = simulator.used(ACCOUNT, BUCKETS, NINE, UNTIL)[()]["responseBytes"]
    assert len(figures) == 5
    assert all(abs(figure - exact) <= exact * 0.0201 for figure in figures)
    assert {row["avg"]["sampleInterval"] for row in asked(client).values()} == {2}


def test_storage_is_not_sampled(simulate: Callable[..., Simulator]) -> None:
    """Stored sizes are maxima: sampling neither scales nor drops them."""
    dataset = "r2StorageAdaptiveGroups"
    simulator = simulate(sampling={dataset: Sampling(interval=10, noise=20)})
    rows = Client(simulator).rows(
        f"{dataset}(limit: 100, filter: {{{WIDE}}}) {{ dimensions {{ bucketName }} max {{ payloadSize }} }}"
    )
    used = simulator.used(ACCOUNT, dataset, NINE, UNTIL + timedelta(minutes=1), by=("bucketName",))
    assert {row["dimensions"]["bucketName"]: row["max"]["payloadSize"] for row in rows} == {
        bucket: figures["payloadSize"] for (bucket,), figures in used.items()
    }
