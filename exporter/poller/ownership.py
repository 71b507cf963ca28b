"""Which token asks for which account: the first that lists it, for as long as it does and Cloudflare accepts it."""

import logging
from collections.abc import Sequence

from exporter.cloudflare import CloudflareError, Forbidden, OverBudget, Principal, TokenRejected
from exporter.ledger import CommitError
from exporter.logs import keys
from exporter.model import Account, ListingFlaw
from exporter.poller.account import EARLY_DISCOVERY, AccountPoller
from exporter.poller.context import PollerContext
from exporter.poller.status_tracker import dated, describe
from exporter.status import STORAGE, AccountStatus, Problem

log = logging.getLogger(__name__)

ABSENCES = 2
"""The number of lists in a row that must lack an account before it is no longer asked: a list can be wrong."""

DOUBTS = frozenset({TokenRejected.outcome, Forbidden.outcome})
"""Reasons for an account being down that another token may remedy."""

NO_ACCOUNT_ADVICE = (
    "Give the token the permission 'Account Settings Read', or name its accounts (CLOUDFLARE_ACCOUNT_ID or accounts)."
)


class TokenAssignment:
    """The tokens and the accounts that each asks for. An account has one owner; a change of owner resets no counter.

    Tokens may overlap: where the owner is rejected, or no longer lists an account, another that lists it takes over.
    """

    def __init__(self, principals: Sequence[Principal], context: PollerContext) -> None:
        self.principals = principals
        self._context = context
        self._accounts: dict[str, AccountPoller] = {}
        self._listed: dict[str, dict[str, Account]] = {}
        self._absences: dict[str, int] = {}
        self._token_statuses: dict[str, AccountStatus] = {}
        self._flaws: dict[str, Problem] = {}
        self._list_at: dict[str, float] = {}
        self._keep_until: dict[str, float] = {}

    def asked(self) -> list[AccountPoller]:
        """Return the accounts to ask: those that are not excluded and whose token is still configured."""
        chosen = self._context.settings.selection.accounts
        return [
            account
            for account in list(self._accounts.values())
            if account.principal in self.principals and chosen.admits(account.account)
        ]

    def token_statuses(self) -> list[AccountStatus]:
        """Return the statuses of the tokens whose accounts could not be listed."""
        return list(self._token_statuses.values())

    def problems(self) -> list[Problem]:
        """Return what is wrong with the lists of accounts that could be read."""
        return list(self._flaws.values())

    def reconfigure(self, principals: Sequence[Principal]) -> None:
        """Apply changed tokens and settings; all accounts are listed again.

        An account stays with its token; one whose token is gone is not asked until another token lists it.
        """
        for account in self._accounts.values():
            for principal in principals:
                is_its = principal.analytics is account.principal.analytics
                if is_its and (not principal.wanted or account.account.id in principal.wanted):
                    account.principal = principal
            account.reset()
        self.principals = principals
        names = {principal.name for principal in principals}
        self._token_statuses = {name: failure for name, failure in self._token_statuses.items() if name in names}
        self._flaws = {name: problem for name, problem in self._flaws.items() if name in names}
        self._listed.clear()
        self._list_at.clear()
        self._keep_until.clear()

    def doubted(self) -> list[AccountPoller]:
        """Return the accounts whose token was allowed nothing when it last asked."""
        return [each for each in self.asked() if each.statuses.whole.reason in DOUBTS]

    def due(self) -> list[Principal]:
        """Return the tokens whose accounts must be listed: at each interval, and at once if an account is doubted."""
        now = self._context.clock.monotonic()
        doubted = [account.principal for account in self.doubted()]
        return [each for each in self.principals if each in doubted or now >= self._list_at.get(each.name, now)]

    async def list_accounts(self, principal: Principal) -> None:
        """List a token's accounts and decide which token asks for them; a failure becomes the token's status."""
        now = self._context.clock.monotonic()
        failure: AccountStatus | None = None
        listed: list[Account] = []
        accounts: list[Account] = []
        try:
            found = await principal.discovery.accounts(principal.wanted)
            listed = [self._named(account) for account in found.accounts]
            if not found.is_complete:
                listed += self._known_besides(principal, listed)
            self._record_flaw(principal, found.flaw)
            chosen = self._context.settings.selection.accounts
            accounts = [account for account in listed if chosen.admits(account)]
            await self._context.with_ledger(self._context.ledger.enroll, accounts, chosen.alias)
            self._context.register_accounts()
        except OverBudget:
            return
        except CloudflareError as error:
            failure = _token_status(principal, error.outcome, error.detail, error.remedy)
        except CommitError as error:
            self._context.commit_failures += 1
            failure = _token_status(principal, STORAGE, error.detail, error.remedy)
        if principal not in self.principals:
            return
        if failure:
            self._record_token_status(failure)
            self._pass_on()
        is_complete = not failure and self._take_list(principal, listed, accounts)
        interval = self._context.settings.discovery_interval if is_complete else EARLY_DISCOVERY
        self._list_at[principal.name] = now + interval.total_seconds()

    def _pass_on(self) -> None:
        """Hand each account that its owner can no longer ask for to another token that lists it.

        A list request that rejects the owner, or a list without the account, is proof. Where the owner is merely
        allowed nothing, another token is tried for at least an interval.
        """
        now = self._context.clock.monotonic()
        doubted = {account.account.id for account in self.doubted()}
        for account in self.asked():
            account_id, owner = account.account.id, account.principal
            is_doubted = account_id in doubted and now >= self._keep_until.get(account_id, now)
            if not (is_doubted or self._has_lost(owner, account_id)):
                continue
            heir = next((each for each in self.principals if each is not owner and self._lists(each, account_id)), None)
            if heir is not None:
                log.warning(
                    "%s now asks for the account in place of %s",
                    heir.name,
                    owner.name,
                    extra=keys(account=account_id, token=heir.name),
                )
                account.switch_token(heir, self._listed[heir.name][account_id])
                self._absences.pop(account_id, None)
                self._keep_until[account_id] = now + self._context.settings.discovery_interval.total_seconds()

    def _has_lost(self, principal: Principal, account_id: str) -> bool:
        listed = self._listed.get(principal.name)
        return self._is_rejected(principal) or (listed is not None and account_id not in listed)

    def _lists(self, principal: Principal, account_id: str) -> bool:
        return not self._is_rejected(principal) and account_id in self._listed.get(principal.name, ())

    def _is_rejected(self, principal: Principal) -> bool:
        failure = self._token_statuses.get(principal.name)
        return failure is not None and failure.reason == TokenRejected.outcome

    def _named(self, account: Account) -> Account:
        """Return the account with its name; the known one if the token may not read it."""
        if account.name != account.id:
            return account
        return next((known for known in self._context.ledger.accounts() if known.id == account.id), account)

    def _known_besides(self, principal: Principal, listed: Sequence[Account]) -> list[Account]:
        """Return the accounts that a token listed before, besides those that it lists."""
        there = {account.id for account in listed}
        return [account for key, account in self._listed.get(principal.name, {}).items() if key not in there]

    def _record_flaw(self, principal: Principal, flaw: ListingFlaw | None) -> None:
        """Record what is wrong with a token's list of accounts, and log it if it is another thing than before."""
        known = self._flaws.pop(principal.name, None)
        if flaw is None or flaw.is_hint:
            return
        since = known.since if known is not None and known.reason == flaw.outcome else None
        if since is None:
            since = self._context.now()
            log.warning("%s %s", flaw.reason, flaw.remedy, extra=keys(token=principal.name, reason=flaw.outcome))
        self._flaws[principal.name] = Problem(principal.name, "token", flaw.outcome, since, flaw.reason, flaw.remedy)

    def _take_list(self, principal: Principal, listed: Sequence[Account], accounts: Sequence[Account]) -> bool:
        """Start asking new ``accounts`` and drop those gone; return False if one is missing for the first time."""
        self._listed[principal.name] = {account.id: account for account in listed}
        self._record_list(principal, listed, accounts)
        for account in accounts:
            known = self._accounts.get(account.id)
            if known is None:
                self._accounts[account.id] = AccountPoller(account, principal, self._context)
            elif known.principal is principal or known.principal not in self.principals:
                known.switch_token(principal, account)
        there = self._listed[principal.name]
        missing = [key for key, known in self._accounts.items() if known.principal is principal and key not in there]
        self._absences = {key: count for key, count in self._absences.items() if key not in there}
        self._pass_on()
        for account_id in missing:
            if self._accounts[account_id].principal is not principal:
                continue
            self._absences[account_id] = self._absences.get(account_id, 0) + 1
            if self._absences[account_id] >= ABSENCES:
                log.warning(
                    "the token no longer lists the account", extra=keys(account=account_id, token=principal.name)
                )
                del self._accounts[account_id], self._absences[account_id]
        return not self._absences

    def _record_list(self, principal: Principal, listed: Sequence[Account], accounts: Sequence[Account]) -> None:
        if accounts:
            if self._token_statuses.pop(principal.name, None):
                log.info("the token lists accounts again", extra=keys(token=principal.name))
        elif listed:
            detail = f"{principal.name} lists {len(listed)} accounts; accounts.include and accounts.exclude leave none."
            remedy = "Change accounts.include or accounts.exclude, or remove the token."
            self._record_token_status(_token_status(principal, "no_account", detail, remedy))
        else:
            detail = f"{principal.name} lists no account."
            self._record_token_status(_token_status(principal, "no_account", detail, NO_ACCOUNT_ADVICE))

    def _record_token_status(self, failure: AccountStatus) -> None:
        """Record that a token's accounts cannot be listed; the known ones are still asked."""
        known = self._token_statuses.get(failure.name)
        if known is None or known.reason != failure.reason:
            log.warning("%s", describe(failure), extra=keys(token=failure.name, reason=failure.reason))
        self._token_statuses[failure.name] = dated(failure, known, self._context.now())


def _token_status(principal: Principal, reason: str, detail: str, remedy: str) -> AccountStatus:
    return AccountStatus("", False, reason, detail, principal.name, remedy)
