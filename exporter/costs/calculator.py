"""The calculation of accounts' costs from a ledger, which it only reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Protocol

from exporter.billing import NO_BILLING_FACTS, BillingFacts, facts_from_text
from exporter.catalog.entry import estimated_id
from exporter.ledger import EVERYTHING, DailyFilter, Entry, RosterKey, place_cost
from exporter.model import Account, DailyKey, Placement
from exporter.pricing import (
    DOCUMENTED_MONTH_DAYS,
    AccountCosts,
    AccountTerms,
    BilledAccount,
    CostRules,
    ListTariffs,
    Now,
    Outlooks,
    RateCard,
    UsageTable,
    account_costs,
    account_terms,
    billed_lines,
    first_day,
    month_days_of,
    with_overrides,
)


class UsageSource(Protocol):
    """The source of the calculator's usage: the running ledger, or its file."""

    def settled_sums(
        self, account_id: str, since: date, until: date, wanted: DailyFilter = EVERYTHING
    ) -> Iterable[tuple[DailyKey, int]]:
        """Return the daily sums of [since, until) without open hours; a key may come more than once."""

    def open_sums(self, account_id: str) -> Mapping[DailyKey, int]:
        """Return the amounts that open hours add to the daily sums."""

    def changed_at(self, account_id: str, since: date, until: date) -> int:
        """Return the commit in which settled sums of [since, until) last changed."""


class BillingSource(Protocol):
    """Where the accounts and their stored billing facts are read: the running ledger, or its file."""

    def accounts(self) -> tuple[Account, ...]:
        """Return the accounts with their real names."""

    def labels(self) -> dict[str, str]:
        """Return the label of each account, by id."""

    def billing(self) -> dict[str, str]:
        """Return the stored billing facts of each account, by id."""


@dataclass(frozen=True, slots=True)
class _Closed:
    """The usage and cost of the days before ``today``, as of a commit, for a cycle and a rate card."""

    now: Now
    card: RateCard
    commit_number: int
    table: UsageTable
    outlooks: Outlooks


class CostCalculator:
    """The cost calculator, with rate card, rules and billing facts; the closed days are computed once and kept."""

    def __init__(self, card: RateCard, rules: CostRules) -> None:
        self.card = card
        self.rules = rules
        self.tariffs = ListTariffs(self.card_of)
        # The daily sums that cost anything, and which of them are estimates; the ledger also has tallies.
        estimates = (estimated_id(meter) for meter, how in card.metering.items() if how.is_stored)
        self.metered = DailyFilter(meters=frozenset([*card.metering, *estimates]))
        self._names: dict[str, tuple[str, ...]] = {}
        self._cards: dict[str, RateCard] = {}
        self._facts: dict[str, BillingFacts] = {}
        self._closed: dict[str, _Closed] = {}

    def learn(self, ledger: BillingSource) -> None:
        """Learn the accounts of a ledger, and how they are billed."""
        labels = ledger.labels()
        for account_id, text in ledger.billing().items():
            self.record_facts(account_id, facts_from_text(text))
        for account in ledger.accounts():
            self.register(account.id, account.name, labels[account.id])

    def fork(self) -> "CostCalculator":
        """Return a calculator with the same card, rules, names and facts that keeps closed days of its own."""
        fork = CostCalculator(self.card, self.rules)
        fork._names, fork._cards, fork._facts = self._names, self._cards, self._facts
        return fork

    def use_rules(self, rules: CostRules) -> None:
        """Apply changed rules."""
        self.rules = rules
        self._cards.clear()
        self._closed.clear()

    def register(self, account_id: str, *names: str) -> None:
        """Register the names by which rules may refer to an account."""
        if self._names.get(account_id) != (account_id, *names):
            self._names[account_id] = (account_id, *names)
            self._cards.pop(account_id, None)

    def record_facts(self, account_id: str, facts: BillingFacts) -> None:
        """Record the billing facts of an account."""
        self._facts[account_id] = facts

    def facts(self, account_id: str) -> BillingFacts:
        """Return the billing facts of an account."""
        return self._facts.get(account_id, NO_BILLING_FACTS)

    def card_of(self, account_id: str) -> RateCard:
        """Return the rate card of an account: list prices, overridden by the account's own."""
        card = self._cards.get(account_id)
        if card is None:
            card = with_overrides(self.card, self.rules.overrides, self._names.get(account_id, (account_id,)))
            self._cards[account_id] = card
        return card

    def terms(self, account_id: str) -> AccountTerms:
        """Return the billing terms of an account."""
        names = self._names.get(account_id, (account_id,))
        return account_terms(self.card_of(account_id), self.rules, self.facts(account_id), names)

    def compute(
        self,
        source: UsageSource,
        account: BilledAccount,
        roster: Mapping[RosterKey, Entry],
        until: datetime,
        on: date | None = None,
    ) -> AccountCosts:
        """Return an account's costs in the cycle of a day (None: of ``until``, the time until which usage is known)."""
        card, terms, facts = self.card_of(account.id), self.terms(account.id), self.facts(account.id)
        now = Now(terms.cycle_of(on or until.date()), until)
        closed = self._close(source, account.id, now, card)
        table = closed.table.copy()
        table.add(source.settled_sums(account.id, now.today, now.cycle.end, self.metered))
        first = first_day(now)
        table.add(
            (key, amount) for key, amount in source.open_sums(account.id).items() if first <= key[0] < now.cycle.end
        )
        usage = table.usage()
        terms = _calibrated(terms, card, facts, usage.days, self.rules)

        def place(kind: str, asset_id: str) -> Placement:
            placement = place_cost(kind, asset_id, roster)
            return Placement(placement.project, placement.asset if self.rules.shows_assets else "")

        costs = account_costs(
            account,
            card,
            terms,
            spread=self.rules.spread,
            usage=usage,
            outlooks=closed.outlooks,
            place=place,
            now=now,
        )
        known_from = min((day for days in usage.days.values() for day in days), default=None)
        return replace(costs, billed=billed_lines(card, facts, now.cycle, costs.known_until), known_from=known_from)

    def _close(self, source: UsageSource, account_id: str, now: Now, card: RateCard) -> _Closed:
        """Return the usage and cost of the days before today; computed again only if some of them changed."""
        first = first_day(now)
        commit_number = source.changed_at(account_id, first, now.today)
        known = self._closed.get(account_id)
        if (
            known is not None
            and known.card is card
            and (known.now.cycle, known.now.today, known.commit_number) == (now.cycle, now.today, commit_number)
        ):
            return known
        table = UsageTable(card, now)
        table.add(source.settled_sums(account_id, first, now.today, self.metered))
        outlooks = table.outlooks()
        table.forget_history()
        closed = _Closed(now, card, commit_number, table, outlooks)
        self._closed[account_id] = closed
        return closed


def _calibrated(
    terms: AccountTerms,
    card: RateCard,
    facts: BillingFacts,
    days: Mapping[str, Mapping[date, int]],
    rules: CostRules,
) -> AccountTerms:
    """Return the terms with the length of a GB-month that the account's bill shows."""
    if rules.storage_month_days != "auto" or not facts.billed:
        return terms

    def peak(meter: str, day: date) -> Fraction | None:
        how, amount = card.read_meters.get(meter), days.get(meter, {}).get(day)
        return Fraction(amount, how.scale) if how is not None and how.is_stored and amount else None

    found = month_days_of(card, facts, peak, terms.cycles)
    if found is None:
        return terms
    divisor = found if found == DOCUMENTED_MONTH_DAYS else None
    return replace(terms, rating=replace(terms.rating, storage_month_days=divisor))
