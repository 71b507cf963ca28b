"""Billing facts of one account, read in the background once an hour.

Part of the error boundary: a fault of Cloudflare's or of the ledger ends here, and the known facts stay in use.
"""

import logging
from datetime import timedelta

from exporter.billing import facts_to_text
from exporter.cloudflare import BillingReader, CloudflareError
from exporter.ledger import CommitError
from exporter.logs import keys
from exporter.model import Account
from exporter.poller.context import PollerContext

log = logging.getLogger(__name__)

PACE = timedelta(hours=1)
RESPITE = timedelta(minutes=5)
"""The pause after a failed attempt."""


class BillingPoller:
    """The reader of an account's billing facts: asks when that is due, and stores the answer."""

    def __init__(self, context: PollerContext) -> None:
        self._context = context
        self._ask_at = float("-inf")
        self.is_busy = False

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask."""
        return not self.is_busy and self._context.clock.monotonic() >= self._ask_at

    def reset(self) -> None:
        """Ask again at the next refresh: another token, or another plan, may allow more."""
        self._ask_at = float("-inf")

    async def ask(self, account: Account, reader: BillingReader) -> None:
        """Ask, and store the facts if they changed."""
        self.is_busy, context = True, self._context
        self._ask_at = context.clock.monotonic() + RESPITE.total_seconds()
        try:
            facts = await reader.read(account, context.calculator.facts(account.id))
            await context.with_ledger(context.ledger.record_billing, account.id, facts_to_text(facts))
            context.calculator.record_facts(account.id, facts)
            self._ask_at = context.clock.monotonic() + PACE.total_seconds()
        except CloudflareError as error:
            log.debug("%s", error, extra=keys(account=account.id))
        except CommitError as error:
            context.commit_failures += 1
            log.warning("%s", error, extra=keys(account=account.id))
        except Exception:
            log.exception("reading the account's billing failed; it is tried again", extra=keys(account=account.id))
        finally:
            self.is_busy = False
