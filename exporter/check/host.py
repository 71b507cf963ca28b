"""The machine that the exporter runs on: its mounts, and whether it is a container."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that Docker and Podman put into every container."""


@dataclass(frozen=True, slots=True)
class Host:
    """The host: ``mountinfo`` is the text of ``/proc/self/mountinfo``, or empty if there is none (outside Linux)."""

    mountinfo: str
    is_container: bool


def inspect_host(environment: Mapping[str, str]) -> Host:
    """Return this process's view of its host."""
    try:
        mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        mountinfo = ""
    is_marked = any(mark.exists() for mark in CONTAINER_MARKS)
    return Host(mountinfo, is_marked or "KUBERNETES_SERVICE_HOST" in environment)
