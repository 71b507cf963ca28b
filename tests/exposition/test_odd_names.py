"""Names as people have them: on their way from Cloudflare's lists to the metrics, the page and the API."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from exporter.simulator import AccountModel, KvNamespace, TokenModel
from tests.configured import Site
from tests.exactness.harness import TOKEN
from tests.poller.scene import listed_world

TITLES = (
    "plain",
    "emoji 🧑‍🚀",
    "new\nline",
    "car\rriage",
    'quote"back\\slash\\',
    "tab\t",
    " \u2028 \u0085 ",
    "\u200brtl \u202e",
    "\u0007bell",
    "x" * 512,
    "<script>alert(1)</script>",
    "{{ $labels }}",
    "percent%sign %s",
    "=cmd|' /C calc'!A0",
)
ACCOUNTS = ('Łódź "Sp. z o.o." \\ R&D <b>x</b>\nsecond line\ttab 🚀', "y" * 200, "y" * 200)


async def fetch(site: Site, path: str, accept: str = "*/*") -> str:
    """Return what a path answers."""
    transport = httpx.ASGITransport(app=site.exporter.web)
    async with httpx.AsyncClient(transport=transport, base_url="http://exporter.test") as http:
        answer = await http.get(path, headers={"Accept": accept})
        assert answer.status_code == 200
        return answer.text


def test_odd_names_arrive_whole_and_escaped(tmp_path: Path) -> None:
    """Both formats of the metrics give each name back as it is, and the page shows none as markup."""
    world = listed_world()
    namespaces = tuple(KvNamespace(id=f"{number:032x}", name=title) for number, title in enumerate(TITLES, 1))
    accounts = tuple(AccountModel(id=f"{number:032x}", name=name) for number, name in enumerate(ACCOUNTS, 1))
    first = replace(accounts[0], assets=namespaces)
    world = replace(world, accounts=(first, *accounts[1:]), tokens=(TokenModel(token=TOKEN),))

    async def script() -> None:
        async with Site(world, tmp_path) as site:
            await site.refresh(2)
            plain = text_families(await fetch(site, "/metrics"))
            openmetrics = openmetrics_families(await fetch(site, "/metrics", "application/openmetrics-text"))
            for families in (list(plain), list(openmetrics)):
                samples = [sample for family in families for sample in family.samples]
                assert {
                    sample.labels["kv_namespace"] for sample in samples if sample.name == "cloudflare_kv_namespace_info"
                } == set(TITLES)
                up = [sample for sample in samples if sample.name == "cloudflare_exporter_account_up"]
                assert [sample.value for sample in up] == [1, 1, 1]
                assert ACCOUNTS[0] in {sample.labels["account"] for sample in up}
            page = await fetch(site, "/")
            assert "<script>alert" not in page and "<b>x</b>" not in page
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page

    asyncio.run(script())
