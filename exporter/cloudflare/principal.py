"""A token with its readers of Cloudflare's APIs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.catalog.dataset import Dataset
from exporter.catalog.readable import AccountNode, AccountNodeByZone, Readable, RestResource, ZoneNode
from exporter.cloudflare.analytics import Analytics
from exporter.cloudflare.billing import BillingReader
from exporter.cloudflare.budget import RequestBudget
from exporter.cloudflare.discovery import Discovery
from exporter.cloudflare.errors import CloudflareError
from exporter.cloudflare.limits import DatasetLimits
from exporter.cloudflare.reader import NO_LIMITS, Asked, Reader
from exporter.cloudflare.rest_reader import RestReader
from exporter.model import Account, Answer, BookKey, Question


@dataclass(frozen=True, slots=True)
class Principal:
    """One token with its readers; ``wanted`` restricts it to some account ids, ``name`` identifies it in messages.

    Tokens of one user share one ``budget``.
    """

    name: str
    wanted: tuple[str, ...]
    discovery: Discovery
    analytics: Analytics
    billing: BillingReader
    budget: RequestBudget
    rest: RestReader

    def reader_of(self, dataset: Dataset) -> Reader:
        """Return what asks about a dataset."""
        readers: Mapping[type[Readable], Reader] = {
            AccountNode: self.analytics,
            AccountNodeByZone: self.analytics,
            ZoneNode: self.analytics,
            RestResource: self.rest,
        }
        return readers[type(dataset.reads)]

    async def ask(
        self,
        account: Account,
        questions: Sequence[Asked],
        limits: Mapping[BookKey, DatasetLimits] = NO_LIMITS,
        spare: Sequence[Asked] = (),
    ) -> dict[Question, Answer | CloudflareError]:
        """Return each question's complete answer, or the error that prevented it, whoever reads its dataset.

        Of the ``spare`` questions, those are asked that cost no further request.
        """
        by_reader: dict[Reader, tuple[list[Asked], list[Asked]]] = {}
        for some, position in ((questions, 0), (spare, 1)):
            for asked in some:
                by_reader.setdefault(self.reader_of(asked[0]), ([], []))[position].append(asked)
        asking = (reader.ask(account, those, limits, free) for reader, (those, free) in by_reader.items())
        found = await asyncio.gather(*asking)
        return {question: outcome for answered in found for question, outcome in answered.items()}
