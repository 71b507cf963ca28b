"""The write-ahead log of the ledger: it holds the newest commits until SQLite moves them to the file itself.

The format is SQLite's: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

import struct
from pathlib import Path

_HEADER_SIZE = 32
_BYTE_ORDERS = {0x377F0682: "<", 0x377F0683: ">"}
"""The first bytes of a log, big-endian, with the byte order of its checksums."""

_WORD = 0xFFFFFFFF


def is_log_lost(database: Path) -> bool:
    """Return whether the log of a database that was not closed is missing, or so damaged that SQLite ignores it."""
    log, index = (database.with_name(database.name + suffix) for suffix in ("-wal", "-shm"))
    if not log.exists():
        return index.exists()
    with log.open("rb") as file:
        header = file.read(_HEADER_SIZE)
    return len(header) == _HEADER_SIZE and not _is_sound(header)


def _is_sound(header: bytes) -> bool:
    order = _BYTE_ORDERS.get(int.from_bytes(header[:4]))
    if order is None:
        return False
    first = second = 0
    words = struct.unpack(f"{order}6I", header[:24])
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _WORD
        second = (second + odd + first) & _WORD
    return (first, second) == struct.unpack(">2I", header[24:])
