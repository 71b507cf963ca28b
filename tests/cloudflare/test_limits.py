"""What plan and token allow of each dataset, as the settings node tells."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

import exporter.simulator
from exporter.catalog import DATASETS
from exporter.catalog.entry import Field
from exporter.cloudflare.documents import Piece, build_document
from exporter.cloudflare.errors import CloudflareError
from exporter.cloudflare.limits import (
    USUAL_LIMITS,
    DatasetLimits,
    build_settings_document,
    read_settings,
    read_zone_settings,
)
from exporter.model import Scope
from exporter.simulator import Limits as SimulatedLimits
from tests.exactness.harness import ACCOUNT_ID, Rig, small_world
from tests.schema import load_cloudflare_schema

KV = DATASETS["kvOperationsAdaptiveGroups"]
HOUR = datetime(2025, 10, 20, 9, tzinfo=UTC)
SETTINGS = {
    "enabled": True,
    "maxDuration": 86_400,
    "maxNumberOfFields": 20,
    "maxPageSize": 5_000,
    "notOlderThan": 604_800,
    "availableFields": ["sum_requests", "dimensions_namespaceId"],
}


def said(settings: object) -> dict[str, object]:
    """An answer with the settings of KV operations."""
    return {"data": {"viewer": {"accounts": [{"settings": {KV.name: settings}}]}}}


def test_the_settings_document_is_valid() -> None:
    """One document asks for the settings of every dataset, each once."""
    sdl = (Path(exporter.simulator.__file__).parent / "schema.graphql").read_text(encoding="utf-8")
    text = build_settings_document(DATASETS.values())
    assert validate(build_schema(sdl), parse(text)) == []
    assert validate(load_cloudflare_schema(), parse(text)) == []
    assert text.count("kvOperationsAdaptiveGroups") == 1


def test_settings_are_read() -> None:
    """Page size, range and retention are Cloudflare's, and fields that are not available are missing."""
    assert read_settings(said(SETTINGS), [KV], 10_000) == {
        KV.key: DatasetLimits(
            True, 5_000, timedelta(days=1), timedelta(days=7), frozenset({"objectBytes"}), most_fields=20
        )
    }


@pytest.mark.parametrize(
    ("available", "lacks"),
    [
        (["sum_requests", "sum_objectBytes", "dimensions_namespaceId"], True),
        (["sum_requests", "sum_objectBytes", "sum_hits"], False),
        (["requests", "hits"], True),
    ],
)
def test_a_recent_field_is_asked_once_settings_name_it(available: list[str], lacks: bool) -> None:
    """Until then it is not asked, and no plan is said to lack it."""
    recent = Field("hits", is_recent=True)
    dataset = replace(KV, fields=(*KV.fields, recent))
    limits = read_settings(said({**SETTINGS, "availableFields": available}), [dataset], 10_000)[KV.key]
    assert (limits.lacks(recent), limits.missing) == (lacks, frozenset())
    assert USUAL_LIMITS.lacks(recent)
    text = build_document(ACCOUNT_ID, [Piece(dataset, HOUR, HOUR + timedelta(hours=1), limits=limits)]).text
    assert ("hits" in text) is not lacks


def test_a_list_of_fields_that_names_none_of_ours_proves_nothing() -> None:
    """Field names that are spelled in another way do not make a dataset unusable."""
    settings = {**SETTINGS, "availableFields": ["requests"]}
    assert read_settings(said(settings), [KV], 10_000)[KV.key].missing == frozenset()


@pytest.mark.parametrize("number", [10**400, -1, 0, True, "5", Decimal("1e400"), float("inf"), None, [], {}])
def test_a_limit_that_can_not_be_meant_is_no_error(number: object) -> None:
    """Neither a page of one row nor a time that no calendar has is taken from it."""
    settings = {**SETTINGS, "maxDuration": number, "maxPageSize": number, "notOlderThan": number}
    found = read_settings(said(settings), [KV], 10_000)[KV.key]
    assert found.page_size == 10_000
    assert found.longest is None or found.longest > timedelta(days=3_650)
    assert found.retention == USUAL_LIMITS.retention or found.retention > timedelta(days=3_650)


def test_an_answer_without_settings_gives_no_limits() -> None:
    """What cannot be read leaves the usual limits."""
    assert read_settings({"data": None}, [KV], 10_000) == {}
    assert read_settings(said(None), [KV], 10_000) == {}
    assert DatasetLimits(True, 10_000, None, timedelta(days=31), frozenset()) == USUAL_LIMITS


def test_fields_that_are_no_names_are_passed_over() -> None:
    """A list of fields may hold anything; the names in it count."""
    settings = {**SETTINGS, "availableFields": [{"name": "sum_requests"}, ["x"], None, "sum_requests"]}
    assert read_settings(said(settings), [KV], 10_000)[KV.key].missing == {"objectBytes"}


def test_errors_of_any_form_about_zones_are_errors_of_cloudflare() -> None:
    """What is wrong may be told as text, or as nothing at all."""
    for error in (None, "quota exceeded", {"message": None}, {"message": "not authorized"}, 5):
        with pytest.raises(CloudflareError):
            read_zone_settings({"data": None, "errors": [error]}, [KV], 10_000)


def published(rig: Rig) -> dict[str, list[tuple[tuple[str, ...], int | float]]]:
    """What is published of assets, by metric."""
    assert rig.exporter.published.snapshot is not None
    return {
        family.name: sorted((sample.labels.values, sample.amount) for sample in family.samples)
        for family in rig.exporter.published.snapshot.families
        if not family.name.startswith("cloudflare_exporter_")
    }


def test_nodes_select_no_more_fields_than_settings_allow(tmp_path: Path) -> None:
    """The fields of a dataset are shared out among nodes; what is published is the same, counters and quantiles."""

    async def script() -> None:
        found = []
        for most in (9, 30):
            limits = SimulatedLimits(rest=None, graphql=None, max_fields=most, not_older_than=timedelta(hours=3))
            async with Rig(replace(small_world(5, timedelta(0)), limits=limits), tmp_path / str(most)) as rig:
                for _ in range(24):
                    await rig.refresh()
                    rig.scrape()
                    rig.clock.advance(timedelta(seconds=60))
                assert rig.exporter.published.snapshot is not None
                assert {status.state for status in rig.exporter.published.snapshot.status.datasets} == {"ok"}
                found.append(published(rig))
        assert found[0] == found[1]
        assert any(name.endswith("wall_time_seconds") for name in found[0])

    asyncio.run(script())


def test_a_plan_without_a_dataset_and_with_small_pages_is_counted_exactly(tmp_path: Path) -> None:
    """A dataset that the plan lacks is not asked and says so; the others keep to the pages that the plan allows."""

    async def script() -> None:
        world = small_world(5, timedelta(0))
        account = replace(world.accounts[0], disabled_datasets=frozenset({KV.name}))
        limits = SimulatedLimits(rest=None, graphql=None, max_page_size=12)
        async with Rig(replace(world, accounts=(account,), limits=limits), tmp_path) as rig:
            for _ in range(100):
                await rig.refresh()
                rig.scrape()
                rig.clock.advance(timedelta(seconds=60))
            snapshot = rig.exporter.published.snapshot
            assert snapshot is not None
            states = {status.dataset: (status.state, status.reason) for status in snapshot.status.datasets}
            assert states[KV.name] == ("unavailable", "plan")
            assert {state for name, state in states.items() if name != KV.name} == {("ok", "")}
            r2 = DATASETS["r2OperationsAdaptiveGroups"]
            until = rig.exporter.ledger.until(ACCOUNT_ID)
            assert until is not None
            totals = rig.exporter.ledger.totals(Scope(ACCOUNT_ID), r2.key)
            assert {key: total for key, total in totals.items() if any(total)} == rig.oracle(
                r2, rig.start_of(r2.name), until
            )

    asyncio.run(script())
