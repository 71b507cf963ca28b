"""Replies to GraphQL documents: which piece each part and each error of an answer belongs to. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from exporter.cloudflare.client import Reply
from exporter.cloudflare.decode import decode_newest
from exporter.cloudflare.documents import Document, Piece, Place
from exporter.cloudflare.errors import (
    ANALYTICS_ADVICE,
    ZONE_ADVICE,
    CloudflareError,
    Rejected,
    Throttled,
    TokenRejected,
    TooLarge,
    Unreachable,
    graphql_error,
)
from exporter.cloudflare.nodes import Node, find_account, find_errors, find_zones, zone_id_of
from exporter.model import Account

Errors = list[Mapping[str, Any]]


class Missing(Unreachable):
    """The answer lacks a piece without an error for it: another piece's error emptied what held both."""


class Unplaced(Rejected):
    """An error is about one zone of several, and the answer does not show which."""


@dataclass(frozen=True, slots=True)
class Part:
    """The answer to one piece."""

    rows: Sequence[Mapping[str, Any]]
    newest: datetime | None
    date: datetime


@dataclass(slots=True)
class _Sorted:
    """The errors of an answer: by zone and alias (either may be empty), and those of the document as a whole.

    ``named`` are those that name a dataset in place of its alias, by zone (empty: any) and the dataset's name.
    """

    placed: dict[tuple[str, str], Errors] = field(default_factory=dict)
    named: dict[tuple[str, str], Errors] = field(default_factory=dict)
    unplaced: Errors = field(default_factory=list)
    of_document: Errors = field(default_factory=list)

    @property
    def are_of_parts(self) -> bool:
        """Whether an error is about a part, so that what the answer lacks besides may be lost with it."""
        return bool(self.placed or self.named)


def read_parts(document: Document, reply: Reply, account: Account) -> list[Part | CloudflareError]:
    """Return each piece's part of an answer. Raises CloudflareError if the answer as a whole is unusable."""
    what = f"Analytics of account {account.name} ({account.id})"
    advice = ZONE_ADVICE if document.zones else ANALYTICS_ADVICE
    node = find_account(reply.body)
    zones = {key: find_zones(node, key) for key in document.zones}
    errors = _sort(reply.body, document, {key: [zone_id_of(zone) for zone in there] for key, there in zones.items()})
    if errors.of_document:
        raise graphql_error(errors.of_document, what, advice, reply.status)
    if errors.unplaced:
        fault = graphql_error(errors.unplaced, what)
        raise fault if isinstance(fault, Throttled | TokenRejected) else Unplaced(fault.detail)
    if node is None and not errors.are_of_parts:
        raise Unreachable(f"{what}: Cloudflare's answer does not contain the account.", ANALYTICS_ADVICE)
    owners = {zone_id_of(zone): zone for there in zones.values() for zone in there} | {"": node or {}}
    parts: list[Part | CloudflareError] = []
    for piece, place in zip(document.pieces, document.places, strict=True):
        named = f"{piece.dataset.name} of {piece.whose}account {account.name} ({account.id})"
        owner = owners.get(piece.zone_id, {})
        rows, found = owner.get(f"usage_{place.number}"), _errors_of(errors, piece, place, owner)
        if found is not None:
            parts.append(graphql_error(found, named, advice))
        elif isinstance(rows, list):
            told = owner.get(f"newest_{place.newest}") if piece.newest_since is not None else None
            newest = decode_newest(told, piece.dataset.grain.bound) if isinstance(told, list) else None
            parts.append(Part(rows, newest if newest and newest < piece.until else None, reply.date))
        else:
            # A zone that is missing although nothing failed would be missing again.
            lost = Missing if errors.are_of_parts or not piece.zone_id else Unreachable
            parts.append(lost(f"{named}: Cloudflare's answer does not contain it."))
    return parts


def _errors_of(errors: _Sorted, piece: Piece, place: Place, owner: Node) -> Errors | None:
    """Return the errors that cost a piece its rows; None if there are none: how new the rows are may be unknown."""
    zone, placed, named = piece.zone_id, errors.placed, errors.named
    found = placed.get((zone, f"usage_{place.number}"))
    if found is None and not isinstance(owner.get(f"usage_{place.number}"), list):
        found = placed.get((zone, f"newest_{place.newest}")) or placed.get((zone, ""))
        found = found or named.get((zone, piece.dataset.name)) or named.get(("", piece.dataset.name))
    return found


def _sort(body: Mapping[str, Any], document: Document, answered: Mapping[str, Sequence[str]]) -> _Sorted:
    """Sort the errors of an answer; ``answered`` are the zones in its lists, without a name where one is empty."""
    errors = _Sorted()
    names = {piece.dataset.name for piece in document.pieces}
    for said in find_errors(body):
        path = said.get("path")
        words = [str(step) for step in path] if isinstance(path, list) else _words(path)
        alias = next((word for word in words if word.startswith(_ALIASES)), "") or _alias_in_text(said)
        name = "" if alias else next((word for word in (*words, *_words_about_part(said)) if word in names), "")
        key = next((word for word in words if word in document.zones), "") or _list_of(alias, document)
        place = _index_after(key, words)
        zone = _zone_at(place, document.zones[key], answered[key]) if key and (alias or place is not None) else ""
        if name:
            errors.named.setdefault((zone, name), []).append(said)
        elif not alias and place is None:
            errors.of_document.append(said)
        elif document.zones and not zone:
            errors.unplaced.append(said)
        else:
            errors.placed.setdefault((zone, alias), []).append(said)
    return errors


_ALIASES = ("usage_", "newest_")


def _words(text: Any) -> list[str]:
    return re.findall(r"\w+", str(text or ""))


def _words_about_part(said: Mapping[str, Any]) -> list[str]:
    """Return the words of an error beside its path, if it can be about one dataset: not of a limit, nor of a token."""
    if isinstance(graphql_error([said], ""), Throttled | TokenRejected | TooLarge):
        return []
    return _words(said.get("message")) + _words(said.get("extensions"))


def _alias_in_text(said: Mapping[str, Any]) -> str:
    return next((word for word in _words_about_part(said) if word.startswith(_ALIASES)), "")


def _list_of(alias: str, document: Document) -> str:
    """Return the key of the list of zones that has an alias; empty if there is none."""
    number = alias.rpartition("_")[2]
    return next((place.zones for place in document.places if number == str(place.number)), "")


def _index_after(name: str, words: Sequence[str]) -> int | None:
    after = words[words.index(name) + 1 :] if name in words else []
    return int(after[0]) if after and after[0].isdigit() else None


def _zone_at(place: int | None, asked: Sequence[str], answered: Sequence[str]) -> str:
    """Return the zone at a place of an answer; empty if the answer does not show it and there is more than one."""
    if len(asked) == 1:
        return asked[0]
    return answered[place] if place is not None and place < len(answered) else ""
