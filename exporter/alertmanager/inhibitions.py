"""Alertmanager's inhibitions: of the alerts of one incident only the worst is notified. Pure.

Alertmanager takes a label that both alerts lack for equal, so the matchers of both demand each label of ``equal``.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from exporter.alerts.names import ESCALATION, OF_COSTS, OF_EXPORTER, PREFIX, WATCHDOG
from exporter.alerts.table import failing
from exporter.alerts.table.exporter import ACCOUNT_DOWN, DATASET_REFUSED, DOWN, GONE, STALE, STORAGE, TOKEN_FAILING
from exporter.alerts.table.workers import BURNS, LIMIT_EXCEEDED, SUCCESS_LOW
from exporter.catalog import kinds_of
from exporter.catalog.product import Product

OURS = f'alertname=~"{PREFIX}.+"'
ESCALATED = f'alertname="{ESCALATION}"'

JOB = ("job",)
ACCOUNT = (*JOB, "account")
PROJECT = (*ACCOUNT, "project")

OF_A_WORKER = (
    (failing.WORKERS.outage.name, "critical"),
    (BURNS.name, "critical"),
    (failing.WORKERS.ratio.name, "warning"),
    (BURNS.name, "warning"),
    (SUCCESS_LOW.name, "warning"),
    (LIMIT_EXCEEDED.name, "warning"),
)
"""The alerts that a failing Worker has, the worst first: each suppresses those after it.

So each is there no later than those, and no shorter: the rules see to it with ``for`` and ``keep_firing_for``.
"""

Inhibition = dict[str, Any]


def inhibitions(products: Iterable[Product]) -> list[Inhibition]:
    """Return the inhibition rules; ``products`` are those with alerts about their assets."""
    kinds = tuple(kind.label for kind in kinds_of(products).values())
    return [*_without_exporter(), *_without_answers(), *_of_the_same_alert(kinds), *_of_failures()]


def _without_exporter() -> Iterator[Inhibition]:
    """Return what is silent without the exporter, on whose fresh figures every other alert rests."""
    blind = f"{DOWN.name}|{GONE.name}"
    source = [f'alertname=~"{blind}"']
    yield _inhibition(source, [OURS, f'alertname!~"{blind}|{WATCHDOG}|{ESCALATION}"'], JOB)
    yield _inhibition(source, [ESCALATED, f'alert!~"{blind}"'], JOB)
    yield _inhibition([f'alertname="{STORAGE.name}"'], [f'alertname="{STALE.name}"'], JOB)


def _without_answers() -> Iterator[Inhibition]:
    """Return what is silent for an account without answers: its assets, but no budget, which may span several."""
    silent = f"{ACCOUNT_DOWN.name}|{TOKEN_FAILING.name}"
    source = [f'alertname=~"{silent}"']
    of_assets = ['product=~".+"', f'product!~"{OF_EXPORTER}|{OF_COSTS}"']
    others = f'alertname!~"{silent}|{WATCHDOG}|{ESCALATION}"'
    yield _inhibition(source, [OURS, others, *of_assets, 'budget=""'], ACCOUNT)
    yield _inhibition(source, [ESCALATED, *of_assets], ACCOUNT)
    yield _inhibition(source, [f'alertname=~"{STALE.name}|{DATASET_REFUSED.name}"'], ACCOUNT)


def _of_the_same_alert(kinds: Sequence[str]) -> Iterator[Inhibition]:
    """Return that a critical alert suppresses the warning about the same thing, by what that is."""
    wider = (
        ((*ACCOUNT, "meter"), ("project",)),
        ((*JOB, "budget"), ()),
        (PROJECT, (*kinds, "budget", "meter")),
        (ACCOUNT, ("project", "budget", "meter", "dataset")),
    )
    for labels, absent in (*(((*PROJECT, kind), ()) for kind in kinds), *wider):
        without = [f'{label}=""' for label in absent]
        yield _inhibition(
            [OURS, 'severity="critical"', *without],
            [OURS, 'severity=~"warning|info"', *without],
            ("alertname", *labels),
        )


def _of_failures() -> Iterator[Inhibition]:
    """Return what each alert about failures suppresses of those that the same asset has."""
    for each in failing.FAILING:
        order = (
            OF_A_WORKER if each is failing.WORKERS else ((each.outage.name, "critical"), (each.ratio.name, "warning"))
        )
        for place, worst in enumerate(order):
            yield from _of_lesser(worst, order[place + 1 :], (*PROJECT, each.product.kinds[0].label))


def _of_lesser(worst: tuple[str, str], lesser: Sequence[tuple[str, str]], equal: Sequence[str]) -> Iterator[Inhibition]:
    """Return what an alert suppresses; the warnings of the same name are suppressed anyway."""
    name, severity = worst
    for other in dict.fromkeys(other for _, other in lesser):
        names = "|".join(each for each, its in lesser if its == other and each != name)
        source = [f'alertname="{name}"', f'severity="{severity}"']
        yield _inhibition(source, [f'alertname=~"{names}"', f'severity="{other}"'], equal)
        if other == "critical":
            yield _inhibition([ESCALATED, f'alert="{name}"'], [ESCALATED, f'alert=~"{names}"'], PROJECT)


def _inhibition(source: Sequence[str], target: Sequence[str], equal: Sequence[str]) -> Inhibition:
    present = [f'{label}=~".+"' for label in equal if label != "alertname"]
    return {
        "source_matchers": [*source, *present],
        "target_matchers": [*target, *present],
        "equal": list(equal),
    }
