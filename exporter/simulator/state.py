"""The current state of the simulated Cloudflare: the initial world, and all renames, deletions and faults since."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from exporter.simulator.faults import Fault, Kind, first
from exporter.simulator.incident import Incident
from exporter.simulator.traffic import Traffic
from exporter.simulator.usage import Usage
from exporter.simulator.world import TOKEN_STATUSES, AccountModel, Asset, TokenModel, Worker, World, Zone


class State:
    """Accounts, their assets and their usage. Every change discards the sums made before it."""

    def __init__(self, world: World, traffic: Traffic | None = None) -> None:
        self.world = world
        self.accounts: dict[str, AccountModel] = {account.id: account for account in world.accounts}
        self._tokens = {token.token: token for token in world.tokens}
        self._traffic = Traffic(world.seed) if traffic is None else traffic
        self._usage: dict[str, Usage] = {}

    def token(self, secret: str) -> TokenModel | None:
        """Return the token, or None."""
        return self._tokens.get(secret)

    def in_force(self, token: TokenModel | None, now: datetime, faults: Sequence[Fault]) -> TokenModel | None:
        """Return the token's powers at ``now``: without accounts that do not exist yet, or that faults take away."""
        if token is None:
            return None
        if first(faults, Kind.REVOKED) is not None:
            token = replace(token, status="revoked")
        absent = {account.id for account in self.accounts.values() if account.created > now}
        absent |= {fault.account for fault in faults if fault.kind is Kind.ACCOUNT_GONE and fault.account is not None}
        if absent:
            token = replace(token, accounts=frozenset(filter(token.sees, self.accounts)) - absent)
        return token

    def set_token_status(self, secret: str, status: str) -> None:
        """Set the status of a token. Raises KeyError if there is no such token, ValueError for no such status."""
        if secret not in self._tokens:
            raise KeyError("unknown token")
        if status not in TOKEN_STATUSES:
            raise ValueError(f"invalid token status {status}; valid: {', '.join(sorted(TOKEN_STATUSES))}")
        self._tokens[secret] = replace(self._tokens[secret], status=status)

    def usage(self, account_id: str) -> Usage:
        """Return the usage of an account. Raises KeyError if there is no such account."""
        known = self._usage.get(account_id)
        if known is None:
            known = self._usage[account_id] = Usage(self.accounts[account_id], self._traffic, self.world)
        return known

    def add(self, account_id: str, asset: Asset) -> None:
        """Add an asset to an account; it exists, and is used, from its own ``created`` on.

        Raises ValueError if one with its kind and id still exists then.
        """
        account = self.accounts[account_id]
        for known in account.assets:
            is_same = (known.kind, known.id) == (asset.kind, asset.id)
            if is_same and (known.deleted is None or known.deleted > asset.created):
                raise ValueError(f"account {account_id} has a {asset.kind} {asset.id} already")
        self._replace(replace(account, assets=(*account.assets, asset)))

    def rename(self, account_id: str, kind: str, asset_id: str, name: str, when: datetime) -> None:
        """Rename an asset from ``when`` on. Raises KeyError if there is no such asset."""
        asset = self._asset(account_id, kind, asset_id, when)
        self._exchange(account_id, asset, replace(asset, renames=(*asset.renames, (when, name))))

    def delete(self, account_id: str, kind: str, asset_id: str, when: datetime) -> None:
        """End an asset at ``when``. Raises KeyError if there is no such asset."""
        asset = self._asset(account_id, kind, asset_id, when)
        self._exchange(account_id, asset, replace(asset, deleted=when))

    def move_zone(self, account_id: str, zone_id: str, to_account_id: str, when: datetime) -> None:
        """Move a zone to another account at ``when``; its usage before that stays with the first.

        Raises KeyError if there is no such zone or account.
        """
        zone, _ = self._asset(account_id, Zone.kind, zone_id, when), self.accounts[to_account_id]
        self.delete(account_id, Zone.kind, zone_id, when)
        self.add(to_account_id, replace(zone, created=when))

    def start_incident(self, account_id: str, script_tag: str, since: datetime, until: datetime) -> None:
        """Make most invocations of a Worker throw for a while. Raises KeyError if there is no such Worker."""
        worker = self._asset(account_id, "worker", script_tag, since)
        assert isinstance(worker, Worker)
        incidents = (*worker.incidents, Incident(since=since, until=until))
        self._exchange(account_id, worker, replace(worker, incidents=incidents))

    def go_on_in(self, world: World) -> None:
        """Let usage end and become visible as in another world, including existing usage.

        Accounts and tokens do not change.
        """
        self.world = world
        self._usage.clear()

    def _asset(self, account_id: str, kind: str, asset_id: str, when: datetime) -> Asset:
        for asset in self.accounts[account_id].assets:
            if (asset.kind, asset.id) == (kind, asset_id) and (asset.deleted is None or when < asset.deleted):
                return asset
        raise KeyError(f"account {account_id} has no {kind} {asset_id}")

    def _exchange(self, account_id: str, old: Asset, new: Asset) -> None:
        account = self.accounts[account_id]
        self._replace(replace(account, assets=tuple(new if asset is old else asset for asset in account.assets)))

    def _replace(self, account: AccountModel) -> None:
        self.accounts[account.id] = account
        self._usage.pop(account.id, None)
