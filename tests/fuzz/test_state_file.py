"""Ledgers that are damaged anywhere: the exporter goes on or sets them aside, and no command ends with a traceback."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cli import main
from exporter.ledger.store.database import FILE_NAME, StorageError
from exporter.model import HOUR
from tests.exactness.harness import ACCOUNT_ID, state_folder
from tests.exactness.matrix import MINUTE
from tests.exactness.watcher import Watcher
from tests.fuzz.budget import fuzzed
from tests.fuzz.damage import write_rows, wrong_bytes, wrong_values
from tests.fuzz.exporter import check_published, without_traceback
from tests.fuzz.world import ZONES, play
from tests.poller.altered_scene import AlteredRig
from tests.poller.scene import refresh

COMMANDS = (
    ("costs",),
    ("costs", "--by", "day", "--period", "2025-10-21"),
    ("assets", "--output", "json"),
    ("metrics",),
    ("metrics", "*"),
    ("report", "--period", "monthly"),
)
PAGES = ("/", "/api/assets", "/api/costs", "/api/usage?since=2025-10-19&until=2025-10-23", "/api/health")


@dataclass(frozen=True)
class Left:
    """What an exporter left when it was stopped, and when it was killed with a log beside its ledger."""

    stopped: Path
    killed: Mapping[str, bytes]
    at: datetime


@pytest.fixture(scope="module")
def left() -> Iterator[Left]:
    """Count for two days, and change assets at the beginning."""

    async def script(folder: Path) -> Left:
        async with play(folder) as rig:
            await refresh(rig, 4)
            change_assets(rig)
            for _ in range(12):
                await rig.rest(4 * HOUR)
            await refresh(rig, 3)
            killed = {part.name: part.read_bytes() for part in folder.iterdir() if part.name.startswith(FILE_NAME)}
        return Left(folder / FILE_NAME, killed, rig.now)

    with state_folder() as folder:
        yield asyncio.run(script(folder))


@fuzzed(16)
@given(st.data(), st.sampled_from(COMMANDS))
def test_invalid_values(left: Left, data: st.DataObject, command: Sequence[str]) -> None:
    """In any column of any table."""
    changed = data.draw(wrong_values(left.stopped), label="tables")
    with state_folder() as folder:
        (folder / FILE_NAME).write_bytes(left.stopped.read_bytes())
        write_rows(folder / FILE_NAME, changed)
        check_command(folder, command)
        check_exporter(folder, left.at)


@fuzzed(6)
@given(st.data(), st.sampled_from(COMMANDS))
def test_invalid_bytes(left: Left, data: st.DataObject, command: Sequence[str]) -> None:
    """In the ledger, in its log or in the log's index, each of which may be missing."""
    with state_folder() as folder:
        for name, content in left.killed.items():
            state = data.draw(st.sampled_from(("whole", "whole", "damaged", "missing")), label=name)
            if state != "missing":
                (folder / name).write_bytes(content if state == "whole" else data.draw(wrong_bytes(content)))
        check_command(folder, command)
        check_exporter(folder, left.at)


def change_assets(rig: AlteredRig) -> None:
    """Let a zone leave and a Worker get a new name."""
    rig.simulator.delete(ACCOUNT_ID, "zone", ZONES[1])
    rig.simulator.rename(ACCOUNT_ID, "worker", "1" * 32, "store-web")


def check_command(folder: Path, command: Sequence[str]) -> None:
    """Fail unless a command prints what it is asked, or a message."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as said:
        code = main([*command, "--storage.path", str(folder)])
    assert code in {0, 1, 2}, said.getvalue()
    assert bool(said.getvalue().strip()) == bool(code), said.getvalue()


def check_exporter(folder: Path, at: datetime) -> None:
    """Fail unless an exporter starts and counts on, with the ledger or with a new one, or is told what to do."""

    async def script() -> None:
        try:
            rig = play(folder, start=at)
        except StorageError as error:
            assert error.detail and error.remedy
            return
        async with rig:
            change_assets(rig)
            await rig.exporter.start()
            await rig.exporter.poller.refresh()
            rig.watcher = Watcher.after(check_published(rig))
            assert min(rig.watcher.values.values()) >= 0
            rig.pass_time(MINUTE)
            await refresh(rig, 1)
            check_published(rig)
            transport = httpx.ASGITransport(app=rig.exporter.web)
            async with httpx.AsyncClient(transport=transport, base_url="http://exporter.test") as web:
                for page in PAGES:
                    assert (await web.get(page)).status_code == 200, page
            await rig.restart()
            await refresh(rig, 1)
            check_published(rig)

    with without_traceback() as said:
        asyncio.run(script())
    is_aside = any(folder.glob(f"{FILE_NAME}.corrupt-*"))
    assert is_aside == len([line for line in said if "it is kept as" in line]) <= 1, said
