"""A window that fails beside usage that does not: one dataset, asked in two ways."""

import asyncio
import json
import re
from pathlib import Path

import httpx

from exporter.app import Exporter, build_exporter
from exporter.config import Cloudflare, Config, Storage, Token
from tests.exactness.harness import TOKEN, Rig
from tests.poller.scene import KV, MINUTE, all_ok_but, listed_world, samples


class WindowFails(httpx.AsyncBaseTransport):
    """Passes requests on, and lets the quantiles of KV fail as long as ``is_failing``."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self.is_failing = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        query = json.loads(request.content)["query"] if request.content else ""
        window = re.search(rf"(usage_\d+): {KV}\([^\n]*\n[^\n]*quantiles", query)
        if not window or not self.is_failing:
            return response
        body = json.loads(await response.aread())
        body["data"]["viewer"]["accounts"][0][window[1]] = None
        error = {"message": "Internal server error", "path": ["viewer", "accounts", 0, window[1]], "extensions": {}}
        body["errors"] = [error]
        return httpx.Response(200, json=body, headers={"Date": response.headers["Date"]})


def states(exporter: Exporter) -> dict[str, tuple[str, str]]:
    """Each dataset's state and reason."""
    return {dataset: (state, reason) for _, dataset, _, state, reason in samples(exporter, "dataset_state")}


def test_a_window_that_fails_shows_in_the_state_of_its_dataset(tmp_path: Path) -> None:
    """The dataset is failing under its GraphQL name, its usage is counted all the same, and then all is well again."""

    async def script() -> None:
        async with Rig(listed_world(), tmp_path / "unused") as rig:
            transport = WindowFails(httpx.ASGITransport(app=rig.simulator.app))
            config = Config(
                cloudflare=Cloudflare(
                    api_url="http://cloudflare.test/client/v4", tokens=(Token.model_validate({"token": TOKEN}),)
                ),
                storage=Storage(path=str(tmp_path / "state")),
            )
            exporter = build_exporter(config, rig.clock, transport=transport)
            untils = []
            for is_failing in (False, True, True, False):
                transport.is_failing = is_failing
                await exporter.poller.refresh()
                assert states(exporter) == all_ok_but(**({KV: ("failing", "unreachable")} if is_failing else {}))
                untils.append(samples(exporter, "dataset_queried_until_timestamp_seconds")["Example", KV, ""])
                rig.clock.advance(MINUTE)
            assert untils == [untils[0] + 60 * refresh for refresh in range(4)]
            assert samples(exporter, "account_up") == {("Example",): 1}
            await exporter.close()

    asyncio.run(script())
