"""Verification of tokens, for which users' and accounts' tokens have different endpoints.

https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/
https://developers.cloudflare.com/api/resources/accounts/subresources/tokens/methods/verify/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from exporter.check.credential import Credential
from exporter.cloudflare import Client, CloudflareError, Principal, Throttled
from exporter.cloudflare.errors import Unreachable
from exporter.cloudflare.time import moment_or_none
from exporter.model import Account, AccountList, ListingFlaw

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Verification:
    """Cloudflare's verification of a token; ``owner`` is the account that owns it, empty for a user's token."""

    status: str
    owner: str
    expires: datetime | None
    begins: datetime | None


@dataclass(frozen=True, slots=True)
class TokenTrial:
    """The results of a token's trial: its verification, the accounts that it lists, and those that it is to read.

    ``flaw`` is what is wrong with the list of accounts.
    """

    credential: Credential
    verified: Verification | CloudflareError
    listed: tuple[Account, ...] | CloudflareError
    accounts: tuple[Account, ...]
    flaw: ListingFlaw | None = None

    @property
    def name(self) -> str:
        """Return the token's name in findings."""
        return self.credential.principal.name

    @property
    def is_usable(self) -> bool:
        """Return whether the token is worth using for further requests."""
        if isinstance(self.verified, Verification):
            return self.verified.status == ACTIVE
        return isinstance(self.listed, tuple) and not isinstance(self.verified, Unreachable | Throttled)

    @property
    def is_of_account(self) -> bool:
        """Return whether an account is known to own the token."""
        return isinstance(self.verified, Verification) and bool(self.verified.owner)


async def try_token(credential: Credential) -> TokenTrial:
    """Verify a token and list its accounts; an account's own token is verified with the account."""
    principal = credential.principal
    verified = await _verify(credential.client, "/user/tokens/verify", "", principal.name)
    if isinstance(verified, Unreachable | Throttled) or _is_out_of_use(verified):
        return TokenTrial(credential, verified, (), ())
    found = await _list(principal)
    listed = found.accounts if isinstance(found, AccountList) else found
    there = listed if isinstance(listed, tuple) else ()
    if isinstance(verified, CloudflareError):
        verified = await _verify_with_accounts(
            credential, (*principal.wanted, *(account.id for account in there)), verified
        )
    known = {account.id: account for account in there}
    wanted = tuple(known.get(account_id, Account(account_id, account_id)) for account_id in principal.wanted)
    flaw = found.flaw if isinstance(found, AccountList) else None
    return TokenTrial(credential, verified, listed, wanted or there, flaw)


async def _verify_with_accounts(
    credential: Credential, account_ids: Iterable[str], refused: CloudflareError
) -> Verification | CloudflareError:
    for account_id in dict.fromkeys(account_ids):
        path = f"/accounts/{account_id}/tokens/verify"
        verified = await _verify(credential.client, path, account_id, credential.principal.name)
        if not isinstance(verified, CloudflareError) or isinstance(verified, Unreachable | Throttled):
            return verified
    return refused


async def _verify(client: Client, path: str, owner: str, name: str) -> Verification | CloudflareError:
    what = f"Verifying {name}"
    try:
        reply = await client.get(path, {}, {}, what, "Account API Tokens Read")
    except CloudflareError as error:
        return error
    result = reply.body.get("result")
    if not isinstance(result, Mapping) or not isinstance(result.get("status"), str):
        return Unreachable(f"{what}: the response lacks the token's status.")
    expires, begins = moment_or_none(result.get("expires_on")), moment_or_none(result.get("not_before"))
    return Verification(result["status"], owner, expires, begins)


async def _list(principal: Principal) -> AccountList | CloudflareError:
    try:
        return await principal.discovery.accounts(())
    except CloudflareError as error:
        return error


def _is_out_of_use(verified: Verification | CloudflareError) -> bool:
    return isinstance(verified, Verification) and verified.status != ACTIVE
