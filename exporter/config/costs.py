"""The section ``costs`` of the configuration: how accounts are billed, custom prices, and budgets."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from exporter.config.fields import Exact, Section, Whole, Word
from exporter.nearest import ending
from exporter.pricing import (
    AccountRule,
    Budget,
    CostRules,
    Override,
    RateCard,
    Rounding,
    Spread,
    load_card,
    with_overrides,
)
from exporter.pricing.rules import AUTO, FREE_PLAN, PAID_PLAN

CycleDay = Annotated[Whole, Field(ge=1, le=31)]
Dollars = Annotated[Exact, Field(ge=0)]


def _check_plan(text: str) -> str:
    known = (AUTO, PAID_PLAN, FREE_PLAN)
    if text not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return text


PlanWord = Annotated[str, AfterValidator(_check_plan)]


class PriceRule(Section):
    """A price that replaces the rate card's, or that of a meter the card lacks."""

    meter: Word = Field(
        description="The meter's id on the rate card; another id adds a meter.", examples=["r2_class_a"]
    )
    account: Word | None = Field(
        default=None,
        description="Alias, name or id of the account that pays this price; absent: all.",
        examples=["acme"],
    )
    price: Dollars | None = Field(default=None, description="Dollars for each `per` units.", examples=[4.0])
    discount: Annotated[Exact, Field(gt=0, le=1)] | None = Field(
        default=None, description="Instead of a price: the share to take off the card's price.", examples=[0.1]
    )
    per: Annotated[Exact, Field(gt=0)] | None = Field(
        default=None, description="The number of units per price; absent: as on the card.", examples=[1_000_000]
    )
    included: Annotated[Exact, Field(ge=0)] | None = Field(
        default=None,
        description="The quantity included in a billing cycle; absent: as on the card.",
        examples=[10_000_000],
    )
    rounding: Rounding | None = Field(
        default=None,
        description="Rounding of billable quantities: block, none, nearest or unit; absent: as on the card.",
        examples=["none"],
    )
    valid_from: date | None = Field(
        default=None, description="The first day of this price; absent: no start.", examples=["2027-01-01"]
    )
    valid_to: date | None = Field(default=None, description="The last day of this price; absent: no end.")
    product: Word = Field(default="custom", description="For an added meter: the product it belongs to.")
    unit: Word = Field(default="units", description="For an added meter: the unit that is counted.")

    @model_validator(mode="after")
    def _says_a_price(self) -> "PriceRule":
        if self.price is not None and self.discount is not None:
            raise ValueError("set price or discount, not both")
        if all(each is None for each in (self.price, self.discount, self.per, self.included, self.rounding)):
            raise ValueError("set at least one of price, discount, per, included, rounding")
        if self.valid_from is not None and self.valid_to is not None and self.valid_from > self.valid_to:
            raise ValueError(f"valid_from {self.valid_from} is after valid_to {self.valid_to}")
        return self

    def override(self) -> Override:
        """Return the rule as a value of ``exporter.pricing``."""
        return Override(**{**self.model_dump(), "account": self.account or ""})


class BudgetRule(Section):
    """Dollars per billing cycle for an account, a project or a product, or any combination of them."""

    name: Word = Field(description="The budget's name, shown as the label `budget`.", examples=["shop"])
    amount: Annotated[Exact, Field(gt=0)] = Field(description="Dollars per billing cycle.", examples=[50])
    account: Word | None = Field(default=None, description="Label or id of the account; absent: all.")
    project: Word | None = Field(default=None, description="The project; absent: all.", examples=["shop"])
    product: Word | None = Field(default=None, description="The product, e.g. r2; absent: all.", examples=["r2"])

    def budget(self) -> Budget:
        """Return the rule as a value of ``exporter.pricing``."""
        return Budget(self.name, self.amount, self.account or "", self.project or "", self.product or "")


class AccountBilling(Section):
    """Billing settings of one account."""

    plan: PlanWord | None = Field(default=None, description="Like `costs.plan`, for this account only.")
    cycle_day: CycleDay | None = Field(default=None, description="Like `costs.cycle_day`, for this account only.")


class CostSettings(Section):
    """How usage is converted to dollars."""

    plan: PlanWord = Field(
        default=AUTO,
        description="auto (from the account's subscriptions, which need Billing Read; workers_paid if they cannot be "
        "read), workers_paid or workers_free.",
    )
    cycle_day: CycleDay | None = Field(
        default=None,
        description="The day of the month on which billing cycles begin, if the account's subscriptions do not show it;"
        " absent: calendar months.",
        examples=[14],
    )
    storage_month_days: Annotated[Literal["auto", "30", "cycle"], BeforeValidator(str)] = Field(
        default="auto",
        description="The divisor that turns the sum of daily peaks into GB-months: 30, cycle (the days of the "
        "billing cycle), or auto (as on the account's own bill, else 30).",
    )
    rounding: Literal["block", "proportional"] = Field(
        default="block",
        description="block: billable usage is rounded up to whole blocks, as on invoices; proportional: no rounding.",
    )
    ai_allowance: Literal["cycle_pool", "daily"] = Field(
        default="cycle_pool",
        description="cycle_pool: a daily allowance (Workers AI) can be used on any day of the cycle; daily: only on "
        "its own day.",
    )
    subscriptions: Spread = Field(
        default=Spread.APART,
        description="apart: subscriptions belong to no project; usage: they are split over the projects by usage at "
        "list price; equal: they are split equally.",
    )
    assets: bool = Field(
        default=True, description="Whether costs are published per asset; if not, only per project and meter."
    )
    accounts: Mapping[Word, AccountBilling] = Field(
        default={},
        description="Billing settings of individual accounts, by label or id.",
        examples=[{"acme": {"cycle_day": 14}}],
    )
    prices: tuple[PriceRule, ...] = Field(
        default=(),
        description="Contract prices and discounts that override the rate card; of several, the last applies.",
        examples=[[{"meter": "r2_class_a", "discount": 0.1}]],
    )
    budgets: tuple[BudgetRule, ...] = Field(
        default=(),
        description="Budgets in dollars per billing cycle.",
        examples=[[{"name": "shop", "amount": 50, "project": "shop"}]],
    )

    @model_validator(mode="after")
    def _make_sense(self) -> "CostSettings":
        names: set[str] = set()
        for number, budget in enumerate(self.budgets):
            if budget.name in names:
                raise _fault(f"duplicate budget name: {budget.name}", "budgets", number)
            names.add(budget.name)
        if self.prices:
            _check_prices(self.prices, load_card())
        return self

    def rules(self) -> CostRules:
        """Return the settings as a value of ``exporter.pricing``."""
        return CostRules(
            plan=self.plan,
            cycle_day=self.cycle_day,
            storage_month_days=self.storage_month_days,
            is_proportional=self.rounding == "proportional",
            pools_days=self.ai_allowance == "cycle_pool",
            spread=self.subscriptions,
            shows_assets=self.assets,
            overrides=tuple(price.override() for price in self.prices),
            budgets=tuple(budget.budget() for budget in self.budgets),
            accounts={name: AccountRule(each.plan, each.cycle_day) for name, each in self.accounts.items()},
        )


def _fault(text: str, *place: str | int) -> ValidationError:
    """Return a validation error for a key of the section."""
    fault = PydanticCustomError("costs", "{text}", {"text": text})
    return ValidationError.from_exception_data("costs", [InitErrorDetails(type=fault, loc=place, input=None)])


def _check_prices(prices: tuple[PriceRule, ...], card: RateCard) -> None:
    """Raise ValidationError if a rule does not fit the rate card."""
    for number, rule in enumerate(prices):
        is_known = rule.meter in card.meters
        if not is_known and (rule.price is None or rule.per is None):
            meant = ending(rule.meter, card.meters)
            text = f"{rule.meter} is not on the rate card; to add it, set price and per{meant}"
            raise _fault(text, "prices", number)
        before = with_overrides(card, [each.override() for each in prices[:number]], (rule.account or "",))
        after = with_overrides(before, [rule.override()], (rule.account or "",))
        fault = next((fault for fault in after.faults() if fault.meter == rule.meter), None)
        if fault is not None:
            raise _fault(f"{rule.meter} {fault.text}", "prices", number)
