"""The state folder: writable, sound, large enough, and on something that stays."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from exporter.catalog import DATASETS
from exporter.check import Finding, Host, Level, Topic, folder_findings, inspect_host
from exporter.check.storage import LEAST_FREE_BYTES, space_finding
from exporter.ledger import Ledger
from exporter.ledger.store.database import FILE_NAME
from exporter.ledger.store.inspection import inspect_folder
from exporter.ledger.store.migrations import MIGRATIONS
from tests.check.scene import DISK, Scene, findings, the, troubles

NOBODY = 65_534


def mounted(kind: str, root: str = "/", *, is_container: bool = False) -> Host:
    """Surroundings in which everything is on one file system."""
    return Host(f"21 1 8:1 {root} / rw,relatime - {kind} device rw", is_container)


def look(folder: Path, host: Host = DISK) -> dict[str, Finding]:
    """What is found of a folder, by subject."""
    return {finding.subject: finding for finding in folder_findings(folder, inspect_folder(folder), host)}


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be an ordinary user, whoever runs the tests: to root no folder is closed."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user can reach and look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    """It is tried whether it can be made, without making it."""
    found = look(tmp_path / "a" / "b")
    assert {subject: finding.level for subject, finding in found.items()} == {
        "folder": Level.OK,
        "ledger": Level.OK,
        "space": Level.OK,
        "file system": Level.OK,
    }
    assert found["folder"].message.startswith(f"{tmp_path / 'a' / 'b'} does not exist yet; this user (uid ")
    assert found["folder"].message.endswith(f") can create it in {tmp_path}.")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_as_it_is(tmp_path: Path) -> None:
    """Nothing is left in the folder, and no file of the ledger is touched."""
    Ledger.open(tmp_path, DATASETS.values()).close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    found = look(tmp_path)
    assert found["folder"].level is Level.OK
    assert found["ledger"].message == f"it is sound, schema version {len(MIGRATIONS)}."
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_below_a_file(tmp_path: Path) -> None:
    """A path that can never be a folder is an error with the system's reason."""
    (tmp_path / "file").touch()
    finding = look(tmp_path / "file" / "state")["folder"]
    assert finding.level is Level.ERROR
    assert f"cannot be created in {tmp_path / 'file'} by this user (uid " in finding.message
    assert "Not a directory" in finding.message
    assert "--storage.path" in finding.remedy


def test_a_folder_that_cannot_be_written(public: Path) -> None:
    """A folder of somebody else is an error that names the user, and says nothing of space."""
    public.chmod(0o555)
    with unprivileged():
        found = look(public)
        inside = look(public / "state")
        user = os.geteuid()
    assert found["folder"].level is Level.ERROR
    assert found["folder"].message == (f"{public} cannot be written to by this user (uid {user}): Permission denied.")
    assert inside["folder"].level is Level.ERROR
    assert "space" not in found


def test_files_of_another_user(public: Path) -> None:
    """A ledger that another user wrote, as root by mistake, is an error though the folder is writable."""
    Ledger.open(public, DATASETS.values()).close()
    (public / FILE_NAME).chmod(0o444)
    (public / "lock").chmod(0o444)
    public.chmod(0o777)
    with unprivileged():
        found = look(public)
    assert found["folder"].level is Level.ERROR
    assert f"may not write lock, {FILE_NAME} in {public}." in found["folder"].message
    assert "chown" in found["folder"].remedy
    assert found["ledger"].level is Level.OK


def test_little_space() -> None:
    """Less than 200 MB is a warning with what is left."""
    assert space_finding(LEAST_FREE_BYTES).level is Level.OK
    assert space_finding(5_000_000_000).message == "5,000 MB free."
    finding = space_finding(LEAST_FREE_BYTES - 1)
    assert finding.level is Level.WARNING
    assert finding.message.startswith("199 MB free.")


@pytest.mark.parametrize(
    ("kind", "root", "is_container", "level", "message"),
    [
        ("ext4", "/", False, Level.OK, "ext4, mounted at /."),
        ("xfs", "/volumes/state/_data", True, Level.OK, "xfs, mounted at /."),
        ("tmpfs", "/", False, Level.WARNING, "tmpfs at / is in memory"),
        ("ramfs", "/", True, Level.WARNING, "ramfs at / is in memory"),
        ("overlay", "/", True, Level.WARNING, "overlay is the container's own layer"),
        ("overlay", "/", False, Level.OK, "overlay, mounted at /."),
        ("ext4", f"/var/lib/docker/volumes/{'0f' * 32}/_data", True, Level.WARNING, "an unnamed volume"),
        ("ext4", "/pods/1/volumes/kubernetes.io~empty-dir/data", True, Level.WARNING, "an emptyDir volume"),
        ("nfs4", "/", False, Level.WARNING, "nfs4 is a network file system"),
        ("cifs", "/", True, Level.WARNING, "cifs is a network file system"),
        ("fuse.sshfs", "/", False, Level.WARNING, "fuse.sshfs is a network file system"),
        ("9p", "/", False, Level.WARNING, "9p is a network file system"),
    ],
)
def test_file_systems(tmp_path: Path, kind: str, root: str, level: Level, message: str, *, is_container: bool) -> None:
    """What does not outlive a reboot or a container, or locks badly, is a warning that says what is lost."""
    finding = look(tmp_path, mounted(kind, root, is_container=is_container))["file system"]
    assert finding.level is level
    assert finding.message.startswith(message)
    assert bool(finding.remedy) is (level is not Level.OK)


def test_a_system_that_says_nothing_of_mounts(tmp_path: Path) -> None:
    """Where there is no list of mounts nothing is said of the file system."""
    assert "file system" not in look(tmp_path, Host("", is_container=False))


def test_this_machine_is_looked_at(tmp_path: Path) -> None:
    """The real surroundings hold the mount of a real folder; Kubernetes shows by its environment."""
    assert inspect_host({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).is_container
    host = inspect_host({})
    assert ("file system" in look(tmp_path, host)) is Path("/proc/self/mountinfo").exists()


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The file system is that of the place where a link leads."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    text = f"1 0 8:1 / / rw - ext4 a rw\n2 1 0:9 / {(tmp_path / 'disk').resolve()} rw - tmpfs b rw"
    assert look(tmp_path / "link", Host(text, is_container=False))["file system"].level is Level.WARNING


def test_a_damaged_ledger(tmp_path: Path) -> None:
    """What the next start would set aside is an error before it happens."""
    (tmp_path / FILE_NAME).write_bytes(b"not a database at all" * 100)
    finding = look(tmp_path)["ledger"]
    assert finding.level is Level.ERROR
    assert "is damaged: file is not a database. The next start sets it aside and counts from zero." in finding.message


@pytest.mark.parametrize(
    ("version", "level", "message"),
    [
        (len(MIGRATIONS) + 1, Level.ERROR, f"knows only {len(MIGRATIONS)}: a newer release wrote it."),
        (len(MIGRATIONS), Level.OK, f"it is sound, schema version {len(MIGRATIONS)}."),
        (1, Level.OK, f"the next start migrates its schema from version 1 to {len(MIGRATIONS)}."),
    ],
)
def test_the_schema_of_the_ledger(tmp_path: Path, version: int, level: Level, message: str) -> None:
    """A newer schema is an error, an older one is raised by the next start and not by the check."""
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        connection.execute("CREATE TABLE anything (id INTEGER)")
        connection.execute(f"PRAGMA user_version = {version}")
    finding = look(tmp_path)["ledger"]
    assert finding.level is level
    assert message in finding.message


def test_a_running_exporter_is_no_fault(tmp_path: Path) -> None:
    """A folder in use is said to be, and the exporter that uses it keeps its lock and its ledger."""
    ledger = Ledger.open(tmp_path, DATASETS.values())
    try:
        report = Scene(tmp_path).check()
        assert troubles(report) == []
        assert the(report, Topic.STATE_FOLDER, "ledger").message == (
            f"it is sound, schema version {len(MIGRATIONS)}. A running exporter is using it."
        )
        ledger.reset_counters()
    finally:
        ledger.close()


def test_no_folder(tmp_path: Path) -> None:
    """An empty path is a warning that says what a ledger in memory forgets."""
    report = Scene(tmp_path, storage={"path": ""}).check()
    (finding,) = findings(report, Topic.STATE_FOLDER)
    assert (finding.level, finding.subject) == (Level.WARNING, "memory")
    assert report.exit_code == 0


def test_an_error_of_the_folder_is_an_error_of_the_check(tmp_path: Path) -> None:
    """With a folder that cannot be used, the exit code is 1 though Cloudflare answers everything."""
    (tmp_path / "file").touch()
    report = Scene(tmp_path / "file" / "state").check()
    assert {part for _, part, _ in troubles(report)} == {"state_folder"}
    assert report.exit_code == 1
