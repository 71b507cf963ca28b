"""Conversion of usage to dollars by the arithmetic of Cloudflare's invoices. Pure, in Decimal; rates are data."""

from exporter.pricing.attribution import CostAmount, CostItem
from exporter.pricing.billed import BilledLine, billed_lines, month_days_of
from exporter.pricing.budgets import BudgetCost, budget_costs
from exporter.pricing.card import Basis, RateCard, Rounding, load_card
from exporter.pricing.costs import AccountCosts, BilledAccount, MeterCost, account_costs
from exporter.pricing.forecast import Now, Outlooks
from exporter.pricing.money import PLACES, plain, quantity_text, to_cents
from exporter.pricing.overrides import Override, with_overrides
from exporter.pricing.rules import AccountRule, Budget, CostRules, Spread
from exporter.pricing.tariffs import ListTariffs
from exporter.pricing.terms import DOCUMENTED_MONTH_DAYS, AccountTerms, account_terms
from exporter.pricing.usage import Usage, UsageTable, first_day

__all__ = [
    "DOCUMENTED_MONTH_DAYS",
    "PLACES",
    "AccountCosts",
    "AccountRule",
    "AccountTerms",
    "Basis",
    "BilledAccount",
    "BilledLine",
    "Budget",
    "BudgetCost",
    "CostAmount",
    "CostItem",
    "CostRules",
    "ListTariffs",
    "MeterCost",
    "Now",
    "Outlooks",
    "Override",
    "RateCard",
    "Rounding",
    "Spread",
    "Usage",
    "UsageTable",
    "account_costs",
    "account_terms",
    "billed_lines",
    "budget_costs",
    "first_day",
    "load_card",
    "month_days_of",
    "plain",
    "quantity_text",
    "to_cents",
    "with_overrides",
]
