"""The file system of a path, from the text of ``/proc/self/mountinfo``. Pure.

https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system of type ``kind``; ``root`` is the part of it that is mounted at ``point``."""

    root: str
    point: PurePosixPath
    kind: str


def mount_of(mountinfo: str, path: PurePosixPath) -> Mount | None:
    """Return the mount that holds a resolved path: the deepest one, and the last of several at one point."""
    found: Mount | None = None
    for line in mountinfo.splitlines():
        mount = _read(line)
        if mount is None or not path.is_relative_to(mount.point):
            continue
        if found is None or len(mount.point.parts) >= len(found.point.parts):
            found = mount
    return found


def _read(line: str) -> Mount | None:
    place, separator, source = line.partition(" - ")
    fields, kind = place.split(), source.split()
    if not separator or len(fields) < 6 or not kind:
        return None
    return Mount(_unescape(fields[3]), PurePosixPath(_unescape(fields[4])), kind[0])


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), text)
