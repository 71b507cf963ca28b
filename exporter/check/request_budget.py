"""The number of requests that the accounts need, and how often each can then be queried. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exporter.check.findings import ApiNeed, Finding, Level, Need, ReadingNeed, Topic
from exporter.check.wording import count, span
from exporter.cloudflare import RequestBudget
from exporter.cloudflare.budget import PERIOD_SECONDS, QUOTAS
from exporter.config import BudgetShare, Config, RateLimit
from exporter.poller.pacing import Round, requests_kept, stretch
from exporter.poller.schedule import effective_discovery_interval, effective_refresh_interval

NAMES = {"graphql": "GraphQL", "rest": "REST"}

LEAST_SHARE = 0.05
"""The share of the limits that a check uses even if a running exporter leaves none."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The needs of one account: GraphQL requests per refresh, REST requests per discovery; and its number of assets.

    ``rounds`` are the readings of datasets that take a request for each asset.
    """

    graphql: int
    rest: int
    assets: int
    rounds: tuple[Round, ...] = ()


def request_need(
    config: Config, budget: RequestBudget, group: str, tokens: Iterable[str], costs: Sequence[Cost]
) -> Need:
    """Return the needs of a budget's accounts, and the intervals that its share of Cloudflare's limits allows."""
    shares = config.cloudflare.budget_share.by_api()
    refresh, discovery = config.poll.refresh, config.poll.discovery
    graphql, rest = [cost.graphql for cost in costs], [cost.rest for cost in costs]
    per_refresh = budget.fair_share("graphql", refresh.total_seconds())
    allowed = {api: budget.allowance(api) for api in QUOTAS}
    is_by_account = config.cloudflare.rate_limit is RateLimit.ACCOUNT
    pools = [[requests] for requests in graphql] if is_by_account else [graphql]
    refresh_every = max(effective_refresh_interval(refresh, each, per_refresh) for each in (*pools, []))
    allowed["graphql"] *= len(pools) or 1
    discovery_every = effective_discovery_interval(discovery, rest, allowed["rest"], PERIOD_SECONDS)
    return Need(
        group,
        tuple(tokens),
        len(costs),
        sum(cost.assets for cost in costs),
        ApiNeed(sum(graphql), allowed["graphql"], shares["graphql"], refresh, refresh_every),
        ApiNeed(sum(rest), allowed["rest"], shares["rest"], discovery, discovery_every),
        _reading_need(costs, allowed["rest"], discovery.total_seconds()),
    )


def _reading_need(costs: Sequence[Cost], allowance: int, discovery_seconds: float) -> ReadingNeed | None:
    rounds, lists = [each for cost in costs for each in cost.rounds], [cost.rest for cost in costs]
    if not rounds:
        return None
    listed = sum(lists) * PERIOD_SECONDS / discovery_seconds
    requests = sum(each.requests * PERIOD_SECONDS / each.interval.total_seconds() for each in rounds)
    stretched = stretch(rounds, requests_kept(lists, allowance), listed, allowance, PERIOD_SECONDS)
    return ReadingNeed(math.ceil(requests), stretched)


def need_findings(need: Need, untried: int) -> list[Finding]:
    """Return the findings on the needs of one budget; those of ``untried`` accounts are estimates."""
    guess = "" if untried == need.accounts else f" for {untried:,} of them"
    who = f"{count(need.accounts, 'account')} with {count(need.assets, 'asset')}"
    who += f" (an estimate{guess})" if untried else ""
    return [
        _of_api(need, "graphql", "refresh", need.graphql, who),
        _of_api(need, "rest", "discovery", need.rest, who),
        *([_of_readings(need, need.readings)] if need.readings else []),
    ]


def _of_readings(need: Need, readings: ReadingNeed) -> Finding:
    subject = f"readings ({need.group})" if need.group else "readings"
    text = (
        f"{count(readings.requests, 'REST request')} per five minutes for what takes one for each asset, of "
        f"{need.rest.allowance} that lists come first in."
    )
    if readings.stretch == 1:
        return Finding(Topic.REQUESTS, Level.OK, subject, f"{text} Each asset: as often as it should be.")
    return Finding(
        Topic.REQUESTS,
        Level.WARNING,
        subject,
        f"{text} So the time between two readings is {readings.stretch:.1f} times what it should be.",
        "Raise cloudflare.budget_share.rest, leave products out, or use tokens of several Cloudflare users, each with "
        "its own budget_group.",
    )


def _of_api(need: Need, api: str, loop: str, of_api: ApiNeed, who: str) -> Finding:
    subject = f"{NAMES[api]} ({need.group})" if need.group else NAMES[api]
    text = (
        f"{who}: {count(of_api.requests, 'request')} per {loop}, of {of_api.allowance} per five minutes "
        f"({of_api.share:g} of {QUOTAS[api]:,})."
    )
    if of_api.interval > of_api.configured:
        return Finding(
            Topic.REQUESTS,
            Level.WARNING,
            subject,
            f"{text} So each account gets a {loop} every {span(of_api.interval)} instead of every "
            f"{span(of_api.configured)} (poll.{loop}).",
            f"No usage is lost. For shorter intervals raise cloudflare.budget_share.{api}, leave accounts or products "
            "out, or use tokens of several Cloudflare users, each with its own budget_group.",
        )
    return Finding(Topic.REQUESTS, Level.OK, subject, f"{text} Each account: every {span(of_api.interval)}.")


def beside_exporter(config: Config) -> Config:
    """Return the configuration with the request shares that an exporter running with it leaves over."""
    shares = {
        api: min(share, max(1 - share, LEAST_SHARE)) for api, share in config.cloudflare.budget_share.by_api().items()
    }
    cloudflare = config.cloudflare.model_copy(update={"budget_share": BudgetShare(**shares)})
    return config.model_copy(update={"cloudflare": cloudflare})


def by_group(costs: Iterable[tuple[str, Cost]]) -> Mapping[str, list[Cost]]:
    """Return the costs by budget group."""
    grouped: dict[str, list[Cost]] = {}
    for group, cost in costs:
        grouped.setdefault(group, []).append(cost)
    return grouped
