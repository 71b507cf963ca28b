"""The state folder: whether it can be written, what it holds already, and whether it outlives the exporter."""

import os
import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from exporter.check.findings import Finding, Level, Topic
from exporter.check.host import Host
from exporter.check.mounts import Mount, mount_of
from exporter.ledger.store.database import FILE_NAME, LOCK_NAME
from exporter.ledger.store.inspection import Inspection, Soundness

LEAST_FREE_BYTES = 200_000_000

IN_MEMORY = frozenset({"tmpfs", "ramfs"})
LAYERED = frozenset({"overlay", "aufs", "fuse.fuse-overlayfs"})
NETWORKED = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs"})

ANONYMOUS_VOLUME = re.compile(r"/volumes/[0-9a-f]{64}/_data(/|$)")
"""Where Docker and Podman keep a volume that nobody named."""

EMPTY_DIR = re.compile(r"/volumes/kubernetes\.io~empty-dir/")
"""Where the kubelet keeps a volume that ends with its pod."""

OTHER_FOLDER = "choose another folder with --storage.path"


def memory_findings() -> list[Finding]:
    """Return what it means that no folder is configured."""
    return [
        _finding(
            Level.WARNING,
            "memory",
            "storage.path is empty: the ledger is in memory. Each restart is a counter reset, and what is used while "
            "the exporter is away is never counted.",
            "Set --storage.path to a folder that stays.",
        )
    ]


def folder_findings(folder: Path, inspection: Inspection, host: Host) -> list[Finding]:
    """Return what is found of a state folder, which is neither made nor changed."""
    place = _nearest(folder)
    mount = mount_of(host.mountinfo, PurePosixPath(place.resolve()))
    findings = [_writing(folder, place), _ledger(folder, inspection)]
    findings += [space_finding(shutil.disk_usage(place).free)] if findings[0].level is Level.OK else []
    findings += [_file_system(mount, host)] if mount else []
    return findings


def space_finding(free: int) -> Finding:
    """Return what it means that so many bytes are free."""
    megabytes = f"{free // 1_000_000:,} MB free"
    if free < LEAST_FREE_BYTES:
        return _finding(
            Level.WARNING,
            "space",
            f"{megabytes}. On a full disk nothing is counted until there is room again.",
            f"Make room: {LEAST_FREE_BYTES // 1_000_000} MB at least, 1 GB for a few thousand assets.",
        )
    return _finding(Level.OK, "space", f"{megabytes}.")


def _writing(folder: Path, place: Path) -> Finding:
    """Try to write to disk where the folder is, or would be made."""
    user = f"this user (uid {os.geteuid()})"
    closed = [name for name in _files(folder) if not _may_write(folder / name)]
    if closed:
        return _finding(
            Level.ERROR,
            "folder",
            f"{user} may not write {', '.join(closed)} in {folder}.",
            f"Run the exporter as the user that owns the files, give them to this one with chown, or {OTHER_FOLDER}.",
        )
    try:
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"probe")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        action = "written to" if place == folder else f"made below {place}"
        return _finding(
            Level.ERROR,
            "folder",
            f"{folder} cannot be {action} by {user}: {error.strerror}.",
            f"Give this user write access to it, or {OTHER_FOLDER}.",
        )
    if place == folder:
        return _finding(Level.OK, "folder", f"{folder} can be written by {user}.")
    return _finding(Level.OK, "folder", f"{folder} is not there yet; {user} can make it below {place}.")


def _ledger(folder: Path, inspection: Inspection) -> Finding:
    path = folder / FILE_NAME
    match inspection.soundness:
        case Soundness.ABSENT:
            return _finding(Level.OK, "ledger", "there is none yet: counting begins with the first start.")
        case Soundness.UNREADABLE:
            return _finding(
                Level.ERROR,
                "ledger",
                f"{path} cannot be read: {inspection.fault}.",
                f"Give this user access to it, or {OTHER_FOLDER}.",
            )
        case Soundness.DAMAGED:
            return _finding(
                Level.ERROR,
                "ledger",
                f"{path} is damaged: {inspection.fault}. The next start sets it aside and begins anew.",
                "Restore it from a backup before that, if there is one.",
            )
    used = " A running exporter uses it." if inspection.is_in_use else ""
    if inspection.version > inspection.known_version:
        return _finding(
            Level.ERROR,
            "ledger",
            f"it has schema version {inspection.version}, but this program knows only {inspection.known_version}: "
            f"a newer release wrote it.{used}",
            f"Install that release again, or {OTHER_FOLDER}.",
        )
    if inspection.version < inspection.known_version:
        return _finding(
            Level.OK,
            "ledger",
            f"it is sound; the next start raises its schema from version {inspection.version} to "
            f"{inspection.known_version}. Keep a copy if you may want to go back.{used}",
        )
    return _finding(Level.OK, "ledger", f"it is sound, schema version {inspection.version}.{used}")


def _file_system(mount: Mount, host: Host) -> Finding:
    remedy = "Mount a volume with a name there."
    if mount.kind in IN_MEMORY:
        text = f"{mount.kind} at {mount.point} is memory: counters and costs are gone with a reboot."
        remedy = f"Use a folder on a disk: {OTHER_FOLDER}, or mount a volume there."
    elif mount.kind in LAYERED and host.is_container:
        text = f"{mount.kind} is the container's own layer: counters and costs are gone with the container."
    elif EMPTY_DIR.search(mount.root):
        text = "an emptyDir volume: counters and costs are gone with the pod."
        remedy = "Use a persistent volume claim."
    elif ANONYMOUS_VOLUME.search(mount.root):
        text = "a volume without a name: the next container gets another one, without counters and costs."
    elif mount.kind in NETWORKED:
        text = f"{mount.kind} is a network file system, whose locks SQLite cannot rely on: the ledger can be damaged."
        remedy = f"Use a local disk: {OTHER_FOLDER}."
    else:
        return _finding(Level.OK, "file system", f"{mount.kind}, mounted at {mount.point}.")
    return _finding(Level.WARNING, "file system", text, remedy)


def _files(folder: Path) -> list[str]:
    names = (LOCK_NAME, FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm")
    return [name for name in names if os.path.lexists(folder / name)]


def _may_write(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    return next((path for path in (folder, *folder.absolute().parents) if os.path.lexists(path)), Path("/"))


def _finding(level: Level, subject: str, message: str, remedy: str = "") -> Finding:
    return Finding(Topic.STATE_FOLDER, level, subject, message, remedy)
