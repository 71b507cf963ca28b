"""A statement as JSON; dollars are exact, as text."""

from typing import Any

from exporter.costs.statement import Statement, StatementRow, estimate_note
from exporter.model import format_time
from exporter.pricing import AccountCosts, BudgetCost, CostAmount, MeterCost, plain, quantity_text, to_cents
from exporter.pricing.attribution import sum_amounts


def as_document(statement: Statement) -> dict[str, Any]:
    """Return a statement as JSON; dollars are exact, as text."""
    query = statement.query
    document: dict[str, Any] = {
        "by": query.by,
        "period": query.period,
        "accounts": [_account(each) for each in statement.accounts],
        "total": dollars_document(sum_amounts(each.amount for each in statement.accounts)),
        "budgets": [budget_document(each) for each in statement.budgets],
    }
    document["notes"] = list(statement.notes)
    if query.compare:
        first, second = query.compare
        document["compare"] = [
            {
                **each.labels,
                "first": {"of": first, **dollars_document(each.first)},
                "second": {"of": second, **dollars_document(each.second)},
                "change_usd": plain(each.second.to_date - each.first.to_date),
            }
            for each in statement.differences
        ]
        return document
    document["rows"] = [_row(query.by, row) for row in statement.rows]
    return document


def _row(by: str, row: StatementRow) -> dict[str, Any]:
    dollars = dollars_document(row.amount)
    if by == "day":
        dollars = {"to_date_usd": dollars["to_date_usd"], "list_price_usd": dollars["list_price_usd"]}
    quantity = {} if row.quantity is None else {"quantity": quantity_text(row.quantity), "unit": row.unit}
    return {"account": row.account, **row.labels, **quantity, **dollars}


def dollars_document(amount: CostAmount) -> dict[str, str]:
    """Return the dollars of an amount, by field."""
    return {
        "to_date_usd": plain(amount.to_date),
        "forecast_usd": plain(amount.forecast),
        "forecast_low_usd": plain(amount.low),
        "forecast_high_usd": plain(amount.high),
        "list_price_usd": plain(amount.list_price),
    }


def _account(costs: AccountCosts) -> dict[str, Any]:
    terms = costs.terms
    return {
        "account": costs.account,
        "account_id": costs.account_id,
        "cycle_start": str(costs.cycle.start),
        "cycle_end": str(costs.cycle.end),
        "known_from": str(costs.known_from) if costs.known_from else None,
        "known_until": format_time(costs.until),
        "plan": terms.plan,
        "plan_source": terms.plan_source,
        "cycle_source": terms.cycle_source,
        "invoice_usd": plain(costs.invoice),
        **dollars_document(costs.amount),
        "subscriptions": [
            {"name": each.name, "usd": plain(each.usd), "frequency": each.frequency, "is_assumed": each.is_assumed}
            for each in terms.subscriptions
        ],
        "lines": [_line(cost, costs) for cost in costs.meters if cost.line.quantity],
        "billed": [
            {
                "line": each.service,
                "meter": each.meter,
                "billed_usd": plain(each.usd),
                "ratio": None if each.ratio is None else plain(round(each.ratio, 6)),
            }
            for each in costs.billed
        ],
        "unpriced": unpriced(costs),
    }


def _line(cost: MeterCost, costs: AccountCosts) -> dict[str, Any]:
    rate = costs.card.meters[cost.meter]
    return {
        "meter": cost.meter,
        "product": cost.product,
        "basis": str(cost.basis),
        "quantity": quantity_text(cost.line.quantity),
        "included": quantity_text(cost.line.included),
        "billed": quantity_text(cost.line.billed),
        "unit": rate.unit,
        "usd": plain(to_cents(cost.amount.to_date)),
        "note": " ".join(filter(None, (rate.note, _sentence(estimate_note(cost))))),
    }


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def unpriced(costs: AccountCosts) -> list[str]:
    """Return the names of known costs that the estimate lacks: billed lines, subscriptions in other currencies."""
    read = costs.card.read_meters
    billed = [each.service for each in costs.billed if each.usd and each.meter not in read]
    return [*billed, *costs.terms.unpriced]


def budget_document(cost: BudgetCost) -> dict[str, Any]:
    """Return the state of a budget as JSON."""
    budget = cost.budget
    return {
        "budget": budget.name,
        "account": budget.account,
        "project": budget.project,
        "product": budget.product,
        "amount_usd": plain(budget.amount),
        "used_ratio": plain(round(cost.used_ratio, 6)),
        "forecast_ratio": plain(round(cost.forecast_ratio, 6)),
        "exceeded_on": str(cost.exceeded_on) if cost.exceeded_on else None,
    }
