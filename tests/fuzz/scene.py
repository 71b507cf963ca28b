"""A client of the real code whose every request is answered with the next of some bodies, the last again and again."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import httpx

from exporter.cloudflare import CloudflareError
from tests.cloudflare.conftest import DATE, Scene
from tests.fuzz.mutations import Json, body_of

Result = TypeVar("Result")

MOST_REQUESTS = 60
"""More requests than any of the lists takes that are fuzzed."""


Work = Callable[[Scene], Coroutine[Any, Any, Result]]


def answered(documents: Sequence[Json], work: Work[Result]) -> Result | CloudflareError:
    """Return what some work comes to; an error of Cloudflare's is one of the results, any other is not."""
    scene, left, sent = Scene(), [body_of(document) for document in documents], 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal sent
        sent += 1
        assert sent <= MOST_REQUESTS, f"{request.url} does not end"
        return httpx.Response(200, content=left.pop(0) if len(left) > 1 else left[0], headers={"Date": DATE})

    scene.router.route().mock(side_effect=answer)
    try:
        return asyncio.run(work(scene))
    except CloudflareError as error:
        return error
