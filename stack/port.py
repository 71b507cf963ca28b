"""Ports on the loopback interface."""

import socket
from collections.abc import Collection

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        # Servers set it too: a port whose last connections are still closing counts as free.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def next_free(port: int, avoid: Collection[int] = ()) -> int:
    """Return the first free port from ``port`` upward that is not in ``avoid``. Raise OSError if there is none."""
    for candidate in range(port, 65536):
        if candidate not in avoid and is_free(candidate):
            return candidate
    raise OSError(f"no free port from {port} upward on {LOOPBACK}")


def any_free() -> int:
    """Return a free port chosen by the system."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        candidate.bind((LOOPBACK, 0))
        port: int = candidate.getsockname()[1]
        return port
