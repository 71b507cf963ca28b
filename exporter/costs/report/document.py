"""A report as JSON; dollars are exact, as text."""

from typing import Any

from exporter.costs import budget_document, dollars_document, unpriced
from exporter.costs.report.report import AccountReport, Report, Span, UsageChange
from exporter.pricing import plain, quantity_text


def as_document(report: Report) -> dict[str, Any]:
    """Return a report as JSON."""
    return {
        "period": report.period,
        "accounts": [_account(each) for each in report.accounts],
        "budgets": [budget_document(each) for each in report.budgets],
    }


def _account(each: AccountReport) -> dict[str, Any]:
    return {
        "account": each.costs.account,
        "account_id": each.costs.account_id,
        "span": _span(each.span),
        "before": _span(each.before),
        "billed_usd": plain(each.billed),
        "billed_before_usd": None if each.billed_before is None else plain(each.billed_before),
        "list_price_usd": plain(each.at_list),
        "list_price_before_usd": plain(each.at_list_before),
        "cycle": {
            "start": str(each.costs.cycle.start),
            "end": str(each.costs.cycle.end),
            **dollars_document(each.costs.amount),
        },
        "changes": [_change(change) for change in each.changes],
        "quotas_near_limit": [
            {"meter": cost.meter, "used_ratio": quantity_text(cost.quota_ratio)}
            for cost in each.near
            if cost.quota_ratio is not None
        ],
        "idle": [
            {
                "project": usage.project,
                "kind": usage.kind,
                "asset": usage.asset,
                "meter": usage.meter,
                "usd": plain(usd),
            }
            for usage, usd in each.idle
        ],
        "unpriced": unpriced(each.costs),
    }


def _span(span: Span) -> dict[str, str]:
    return {"since": str(span.since), "until": str(span.until)}


def _change(change: UsageChange) -> dict[str, str]:
    usage = change.usage
    return {
        "project": usage.project,
        "product": usage.product,
        "kind": usage.kind,
        "asset": usage.asset,
        "meter": usage.meter,
        "unit": change.unit,
        "before_usd": plain(change.before.usd),
        "after_usd": plain(change.after.usd),
        "change_usd": plain(change.usd),
        "before_quantity": quantity_text(change.before.quantity),
        "after_quantity": quantity_text(change.after.quantity),
    }
