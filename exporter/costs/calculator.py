"""Computes what accounts cost from what a ledger holds. Reads, and never writes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Protocol

from exporter.billing import NO_BILLING_FACTS, BillingFacts, facts_from_text
from exporter.ledger import Entry, RosterKey, place_cost
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
    """What the calculator reads: the running ledger, or its file."""

    def settled_sums(self, account_id: str, since: date, until: date) -> Iterable[tuple[DailyKey, int]]:
        """Return the daily sums of [since, until) without open hours; a key may come more than once."""

    def open_sums(self, account_id: str) -> Mapping[DailyKey, int]:
        """Return what open hours add to the daily sums."""

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
    """What the days before ``today`` came to, as of a commit, for a cycle and a card."""

    now: Now
    card: RateCard
    commit_number: int
    table: UsageTable
    outlooks: Outlooks


class CostCalculator:
    """Knows rate card, rules and billing facts; what closed days came to is worked out once."""

    def __init__(self, card: RateCard, rules: CostRules) -> None:
        self.card = card
        self.rules = rules
        self.tariffs = ListTariffs(self.card_of)
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
        """Go on with other rules."""
        self.rules = rules
        self._cards.clear()
        self._closed.clear()

    def register(self, account_id: str, *names: str) -> None:
        """Learn by which names an account goes in the rules."""
        if self._names.get(account_id) != (account_id, *names):
            self._names[account_id] = (account_id, *names)
            self._cards.pop(account_id, None)

    def record_facts(self, account_id: str, facts: BillingFacts) -> None:
        """Learn how an account is billed."""
        self._facts[account_id] = facts

    def facts(self, account_id: str) -> BillingFacts:
        """Return what is known of an account's billing."""
        return self._facts.get(account_id, NO_BILLING_FACTS)

    def card_of(self, account_id: str) -> RateCard:
        """Return the card of an account: its own prices over the list's."""
        card = self._cards.get(account_id)
        if card is None:
            card = with_overrides(self.card, self.rules.overrides, self._names.get(account_id, (account_id,)))
            self._cards[account_id] = card
        return card

    def terms(self, account_id: str) -> AccountTerms:
        """Return how an account is billed."""
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
        """Return what an account costs in the cycle of a day (None: that of ``until``, up to which usage is known)."""
        card, terms, facts = self.card_of(account.id), self.terms(account.id), self.facts(account.id)
        now = Now(terms.cycle_of(on or until.date()), until)
        closed = self._close(source, account.id, now, card)
        table = closed.table.copy()
        table.add(source.settled_sums(account.id, now.today, now.cycle.end))
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
        """Return what the days before today came to; worked out anew only when something of them has changed."""
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
        table.add(source.settled_sums(account_id, first, now.today))
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
    """Return the terms with what the account's bill shows of the length of a GB-month."""
    if rules.storage_month_days != "auto" or not facts.billed:
        return terms

    def peak(meter: str, day: date) -> Fraction | None:
        how, amount = card.read_meters.get(meter), days.get(meter, {}).get(day)
        return Fraction(amount, how.scale) if how is not None and how.is_stored and amount else None

    found = month_days_of(card, facts, peak, terms.anchor_day)
    if found is None:
        return terms
    divisor = found if found == DOCUMENTED_MONTH_DAYS else None
    return replace(terms, rating=replace(terms.rating, storage_month_days=divisor))
