"""Readers: each asks Cloudflare about datasets by one API, and answers in the same shape."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from exporter.catalog.dataset import Dataset
from exporter.cloudflare.errors import CloudflareError
from exporter.cloudflare.limits import DatasetLimits
from exporter.model import Account, Answer, BookKey, Question

Asked = tuple[Dataset, Question]
"""A question with the dataset that it is about."""

NO_LIMITS: Mapping[BookKey, DatasetLimits] = MappingProxyType({})


class Reader(Protocol):
    """What asks about the datasets of some of the catalog's readables, by one API."""

    async def ask(
        self,
        account: Account,
        questions: Sequence[Asked],
        limits: Mapping[BookKey, DatasetLimits] = NO_LIMITS,
        spare: Sequence[Asked] = (),
    ) -> dict[Question, Answer | CloudflareError]:
        """Return each question's complete answer, or the error that prevented it.

        Of the ``spare`` questions, those are asked that cost no further request.
        """

    def asked(self, account_id: str) -> int:
        """Return the number of requests sent about an account so far: questions cost by how much it grows."""
