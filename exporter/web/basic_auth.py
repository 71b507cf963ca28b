"""Basic authentication with bcrypt hashes; response times do not reveal which users exist."""

import asyncio
import os
from base64 import b64decode
from binascii import Error as Base64Error
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b

import bcrypt

REMEMBERED = 100
"""The number of accepted pairs of user and password that are remembered: more than there are scrapers."""

LONGEST = 72
"""The bytes of a password that bcrypt uses; the rest is ignored, as by all tools that create such hashes."""


class BasicAuth:
    """Authentication of requests by user and password.

    bcrypt runs in a thread, one at a time, so that guessing does not delay scrapes: accepted credentials are
    remembered as a digest with a key of this object, never as the password.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._hashes = {name.encode(): stored.encode() for name, stored in users.items()}
        # An unknown user takes as long as a known one.
        cost = max((stored[4:6] for stored in users.values()), default="10")
        self._nobody = f"$2b${cost}${'.' * 53}".encode()
        self._key = os.urandom(32)
        self._admitted: OrderedDict[bytes, None] = OrderedDict()
        self._turn = asyncio.Lock()

    @property
    def are_wanted(self) -> bool:
        """Whether there are users, so that every request needs credentials."""
        return bool(self._hashes)

    async def admit(self, authorization: bytes) -> bool:
        """Return whether the value of an ``Authorization`` header is a user with the right password."""
        given = _parse(authorization)
        if given is None:
            return False
        name, password = given
        stored = self._hashes.get(name)
        digest = self._digest(name, password)
        if self._remembers(digest):
            return True
        async with self._turn:
            # Parallel scrapes after a start wait for the first of them, and are then remembered.
            if self._remembers(digest):
                return True
            matches = await asyncio.to_thread(_matches, stored or self._nobody, password)
        if stored is None or not matches:
            return False
        self._admitted[digest] = None
        if len(self._admitted) > REMEMBERED:
            self._admitted.popitem(last=False)
        return True

    def _remembers(self, digest: bytes) -> bool:
        if digest not in self._admitted:
            return False
        self._admitted.move_to_end(digest)
        return True

    def _digest(self, name: bytes, password: bytes) -> bytes:
        return blake2b(len(name).to_bytes(8) + name + password, key=self._key, digest_size=32).digest()


def _parse(authorization: bytes) -> tuple[bytes, bytes] | None:
    """Return user and password (https://www.rfc-editor.org/rfc/rfc7617), or None for anything else."""
    scheme, _, encoded = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, password = b64decode(encoded.strip(), validate=True).partition(b":")
    except (Base64Error, ValueError):
        return None
    return (name, password) if colon else None


def _matches(stored: bytes, password: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:LONGEST], stored)
    except ValueError:
        return False
