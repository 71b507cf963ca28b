"""A small file system for a state folder, which can be filled up and made read-only.

It is mounted in a mount namespace of its own, so that the kernel removes it with the last process there, whatever
becomes of us; an unprivileged user gets a user namespace with it.
"""

import os
import select
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

_NAMESPACES = (["--mount"], ["--user", "--map-root-user", "--mount"])
_SECONDS = 10.0

# The holder of the namespace ends when we do: then its input ends.
_HOLD = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo mounted && read -r _'


class NotMounted(Exception):
    """A file system could not be mounted; the message holds what was said."""


class Volume:
    """A tmpfs of ``size`` bytes on a folder that only processes inside see."""

    def __init__(self, folder: Path, size: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._size = size
        self._holder: subprocess.Popen[bytes] | None = None

    @property
    def within(self) -> list[str]:
        """Return the command that runs another one inside."""
        assert self._holder is not None
        entered = ["--mount"] if self._is_privileged else ["--user", "--mount", "--preserve-credentials"]
        return ["nsenter", f"--target={self._holder.pid}", *entered, "--"]

    @property
    def seen_from_here(self) -> Path:
        """Return the mounted folder as a path that is good outside."""
        assert self._holder is not None
        return Path(f"/proc/{self._holder.pid}/root", *self.folder.parts[1:])

    def fill(self) -> None:
        """Take all the space that is left."""
        with (self.seen_from_here / "ballast").open("wb", buffering=0) as ballast:
            size = 1 << 20
            while size:
                try:
                    ballast.write(b"\0" * size)
                except OSError:
                    size //= 2

    def make_room(self) -> None:
        """Return the space back."""
        (self.seen_from_here / "ballast").unlink()

    def remount(self, mode: str) -> None:
        """Mount it read-only (``ro``) or again writable (``rw``); nothing may be open for writing there."""
        command = [*self.within, "mount", "-o", f"remount,bind,{mode}", str(self.folder)]
        subprocess.run(command, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)

    def __enter__(self) -> Self:
        self._is_privileged = _can_mount()
        namespace = _NAMESPACES[0 if self._is_privileged else 1]
        self._holder = subprocess.Popen(
            ["unshare", *namespace, "sh", "-c", _HOLD, "sh", str(self._size), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._holder.stdout is not None
        readable, _, _ = select.select([self._holder.stdout], [], [], _SECONDS)
        said = os.read(self._holder.stdout.fileno(), 4_096).decode() if readable else ""
        if said != "mounted\n":
            self.__exit__(None, None, None)
            raise NotMounted(f"neither root nor a user namespace may mount a tmpfs here: {said or 'no answer'}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._holder is not None
        self._holder.kill()
        self._holder.communicate(timeout=_SECONDS)
        self._holder = None


def _can_mount() -> bool:
    outcome = subprocess.run(["unshare", *_NAMESPACES[0], "true"], capture_output=True, timeout=_SECONDS, check=False)
    return outcome.returncode == 0
