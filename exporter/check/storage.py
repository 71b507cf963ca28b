"""The state folder: whether it is writable, what it contains, and whether it outlives the exporter."""

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
"""Where Docker and Podman keep an unnamed volume."""

EMPTY_DIR = re.compile(r"/volumes/kubernetes\.io~empty-dir/")
"""Where the kubelet keeps a volume that is deleted with its pod."""

OTHER_FOLDER = "choose another folder with --storage.path"


def memory_findings() -> list[Finding]:
    """Return the finding on a configuration without a folder."""
    return [
        _finding(
            Level.WARNING,
            "memory",
            "storage.path is empty: the ledger is kept in memory. Each restart resets the counters, and usage during "
            "downtime is never counted.",
            "Set --storage.path to a persistent folder.",
        )
    ]


def folder_findings(folder: Path, inspection: Inspection, host: Host) -> list[Finding]:
    """Return the findings on a state folder, which is neither created nor changed."""
    place = _nearest(folder)
    mount = mount_of(host.mountinfo, PurePosixPath(place.resolve()))
    findings = [_writing(folder, place), _ledger(folder, inspection)]
    findings += [space_finding(shutil.disk_usage(place).free)] if findings[0].level is Level.OK else []
    findings += [_file_system(mount, host)] if mount else []
    return findings


def space_finding(free: int) -> Finding:
    """Return the finding on the free space, in bytes."""
    megabytes = f"{free // 1_000_000:,} MB free"
    if free < LEAST_FREE_BYTES:
        return _finding(
            Level.WARNING,
            "space",
            f"{megabytes}. If the disk is full, counting stops until there is space again.",
            f"Free at least {LEAST_FREE_BYTES // 1_000_000} MB, or 1 GB for a few thousand assets.",
        )
    return _finding(Level.OK, "space", f"{megabytes}.")


def _writing(folder: Path, place: Path) -> Finding:
    """Try to write to disk where the folder is or would be created."""
    user = f"this user (uid {os.geteuid()})"
    closed = [name for name in _files(folder) if not _may_write(folder / name)]
    if closed:
        return _finding(
            Level.ERROR,
            "folder",
            f"{user} may not write {', '.join(closed)} in {folder}.",
            f"Run the exporter as the owner of the files, chown them to this user, or {OTHER_FOLDER}.",
        )
    try:
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(b"probe")
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        action = "written to" if place == folder else f"created in {place}"
        return _finding(
            Level.ERROR,
            "folder",
            f"{folder} cannot be {action} by {user}: {error.strerror}.",
            f"Give this user write access, or {OTHER_FOLDER}.",
        )
    if place == folder:
        return _finding(Level.OK, "folder", f"{folder} is writable by {user}.")
    return _finding(Level.OK, "folder", f"{folder} does not exist yet; {user} can create it in {place}.")


def _ledger(folder: Path, inspection: Inspection) -> Finding:
    path = folder / FILE_NAME
    match inspection.soundness:
        case Soundness.ABSENT:
            return _finding(Level.OK, "ledger", "none yet: counting begins at the first start.")
        case Soundness.UNREADABLE:
            return _finding(
                Level.ERROR,
                "ledger",
                f"{path} cannot be read: {inspection.fault}.",
                f"Give this user access, or {OTHER_FOLDER}.",
            )
        case Soundness.DAMAGED:
            return _finding(
                Level.ERROR,
                "ledger",
                f"{path} is damaged: {inspection.fault}. The next start sets it aside and counts from zero.",
                "Restore a backup before that, if you have one.",
            )
    used = " A running exporter is using it." if inspection.is_in_use else ""
    if inspection.version > inspection.known_version:
        return _finding(
            Level.ERROR,
            "ledger",
            f"it has schema version {inspection.version}, but this release knows only {inspection.known_version}: "
            f"a newer release wrote it.{used}",
            f"Install that release again, or {OTHER_FOLDER}.",
        )
    if inspection.version < inspection.known_version:
        return _finding(
            Level.OK,
            "ledger",
            f"it is sound; the next start migrates its schema from version {inspection.version} to "
            f"{inspection.known_version}. Keep a copy if you may want to go back.{used}",
        )
    return _finding(Level.OK, "ledger", f"it is sound, schema version {inspection.version}.{used}")


def _file_system(mount: Mount, host: Host) -> Finding:
    remedy = "Mount a named volume there."
    if mount.kind in IN_MEMORY:
        text = f"{mount.kind} at {mount.point} is in memory: counters and costs are lost on reboot."
        remedy = f"Use a folder on a disk: {OTHER_FOLDER}, or mount a volume there."
    elif mount.kind in LAYERED and host.is_container:
        text = f"{mount.kind} is the container's own layer: counters and costs are lost with the container."
    elif EMPTY_DIR.search(mount.root):
        text = "an emptyDir volume: counters and costs are lost with the pod."
        remedy = "Use a persistent volume claim."
    elif ANONYMOUS_VOLUME.search(mount.root):
        text = "an unnamed volume: the next container gets a new one, without counters and costs."
    elif mount.kind in NETWORKED:
        text = f"{mount.kind} is a network file system with unreliable locks for SQLite: the ledger can be damaged."
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
    """Return the folder, or the nearest existing one above it."""
    return next((path for path in (folder, *folder.absolute().parents) if os.path.lexists(path)), Path("/"))


def _finding(level: Level, subject: str, message: str, remedy: str = "") -> Finding:
    return Finding(Topic.STATE_FOLDER, level, subject, message, remedy)
