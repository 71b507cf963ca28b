"""Readings by REST: each question is one resource, of an account or of one of its assets.

A fault of one resource does not affect the others.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from exporter.catalog.dataset import Dataset
from exporter.catalog.readable import RestResource
from exporter.cloudflare.client import Client, Reply
from exporter.cloudflare.errors import CloudflareError, Unreachable
from exporter.cloudflare.items import read_items
from exporter.cloudflare.limits import DatasetLimits
from exporter.cloudflare.reader import NO_LIMITS, Asked
from exporter.cloudflare.rest_list import NO_VARIANT, Item, ItemList, read_list
from exporter.model import Account, Answer, BookKey, Question

SIDE_BY_SIDE = 4
"""The number of resources that are read at once."""

PATIENCE_SECONDS = 45.0
"""The time limit for one resource: the readings of others wait for it."""

ATTEMPTS = 1
"""A reading that fails is not repeated before its next turn: while an API is down, that many more would be sent."""


class RestReader:
    """The REST resources of datasets as one token may read them."""

    def __init__(self, client: Client, patience: float = PATIENCE_SECONDS) -> None:
        self._client = client
        self._patience = patience
        self._asked: Counter[str] = Counter()

    def asked(self, account_id: str) -> int:
        """Return the number of requests sent about an account so far."""
        return self._asked[account_id]

    async def ask(
        self,
        account: Account,
        questions: Sequence[Asked],
        limits: Mapping[BookKey, DatasetLimits] = NO_LIMITS,
        spare: Sequence[Asked] = (),
    ) -> dict[Question, Answer | CloudflareError]:
        """Return the reading that each question asks for, or the error that prevented it; each costs a request."""
        slots = asyncio.Semaphore(SIDE_BY_SIDE)

        async def answer(dataset: Dataset, question: Question) -> Answer | CloudflareError:
            async with slots:
                return await self._try(account, dataset, question)

        said = await asyncio.gather(*(answer(dataset, question) for dataset, question in questions))
        return {question: each for (_, question), each in zip(questions, said, strict=True)}

    async def _try(self, account: Account, dataset: Dataset, question: Question) -> Answer | CloudflareError:
        what = f"{dataset.name} of {_owner(dataset, question)}account {account.name} ({account.id})"
        try:
            async with asyncio.timeout(self._patience):
                return await self._read(account, dataset, question, what)
        except CloudflareError as error:
            return error
        except TimeoutError:
            return Unreachable(f"{what}: no complete answer within {self._patience:g} s.")

    async def _read(self, account: Account, dataset: Dataset, question: Question, what: str) -> Answer:
        resource = dataset.reads
        if not isinstance(resource, RestResource):
            raise TypeError(f"{dataset.key} is not read by REST")
        owner = quote(question.asset_id, safe="")
        self._asked[account.id] += 1
        if resource.paging == "none":
            names = {"account_id": account.id, "asset_id": owner}
            params = {name: value.format(**names) for name, value in resource.params.items()}
            path = resource.path.format(**names)
            reply = await self._client.get(path, params, {}, what, resource.permission, attempts=ATTEMPTS)
            items, date = _objects(reply, resource, what), reply.date
        else:
            found = await read_list(
                self._client, resource, account.id, NO_VARIANT, what, asset_id=owner, attempts=ATTEMPTS
            )
            self._asked[account.id] += found.requests - 1
            items, date = _complete(found, resource, what), min(found.dates)
        rows = read_items(dataset, items, question.asset_id, what)
        at = dataset.grain.floor_step(date)
        return Answer(question, date, {at: rows} if rows else {})


def _objects(reply: Reply, resource: RestResource, what: str) -> Sequence[Item]:
    """Return the object of a resource, or the objects where it has an array of them."""
    found: Any = reply.body
    for key in resource.items:
        found = found.get(key) if isinstance(found, Mapping) else None
    items = found if isinstance(found, list) else [found]
    if not all(isinstance(item, Mapping) for item in items):
        raise Unreachable(f"{what}: the response has no object at {'.'.join(resource.items)}.")
    return items


def _complete(found: ItemList, resource: RestResource, what: str) -> Sequence[Item]:
    """Return the items of a list. Raises Unreachable if it may lack some: what was not read is not zero."""
    if found.unusable:
        raise Unreachable(f"{what}: {found.unusable} of {found.seen} items have no usable '{resource.id}'.")
    if found.is_torn or found.seen < found.total:
        raise Unreachable(
            f"{what}: the pages hold {found.seen} of {found.total} items; the list may have changed while it was read."
        )
    return tuple(found.items.values())


def _owner(dataset: Dataset, question: Question) -> str:
    return f"{dataset.kind} {question.asset_id} of " if question.asset_id else ""
