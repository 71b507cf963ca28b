"""What the machine says of where the exporter runs: its mounts, and whether it is inside a container."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that Docker and Podman put into every container."""


@dataclass(frozen=True, slots=True)
class Host:
    """``mountinfo`` is the text of ``/proc/self/mountinfo``; empty where there is none, as outside Linux."""

    mountinfo: str
    is_container: bool


def inspect_host(environment: Mapping[str, str]) -> Host:
    """Return what this process can see of its host."""
    try:
        mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        mountinfo = ""
    is_marked = any(mark.exists() for mark in CONTAINER_MARKS)
    return Host(mountinfo, is_marked or "KUBERNETES_SERVICE_HOST" in environment)
