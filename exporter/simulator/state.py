"""The simulated Cloudflare as it is now: the world it began as, and what was renamed, deleted or broken since."""

from dataclasses import replace
from datetime import datetime, timedelta

from exporter.simulator.traffic import Traffic
from exporter.simulator.usage import Usage
from exporter.simulator.world import AccountModel, Asset, Incident, TokenModel, Worker, World


class State:
    """Accounts, their assets and their usage. Every change drops what was added up from the old ones."""

    def __init__(self, world: World, traffic: Traffic | None = None) -> None:
        self.world = world
        self.accounts: dict[str, AccountModel] = {account.id: account for account in world.accounts}
        self._tokens = {token.token: token for token in world.tokens}
        self._traffic = Traffic(world.seed) if traffic is None else traffic
        self._lateness = world.lateness
        self._quiet_from = world.quiet_from
        self._usage: dict[str, Usage] = {}

    @property
    def quiet_from(self) -> datetime | None:
        """When all usage ends."""
        return self._quiet_from

    @property
    def lateness(self) -> timedelta:
        """The longest delay with which usage becomes visible."""
        return self._lateness

    def token(self, secret: str) -> TokenModel | None:
        """The token, if there is one."""
        return self._tokens.get(secret)

    def usage(self, account_id: str) -> Usage:
        """What an account used. Raises KeyError if there is no such account."""
        known = self._usage.get(account_id)
        if known is None:
            assets = self.accounts[account_id].assets
            known = Usage(account_id, assets, self._traffic, self._lateness, self._quiet_from)
            self._usage[account_id] = known
        return known

    def add(self, account_id: str, asset: Asset) -> None:
        """Give an account another asset; it exists, and is used, from its own `created` on."""
        account = self.accounts[account_id]
        self._replace(replace(account, assets=(*account.assets, asset)))

    def rename(self, account_id: str, kind: str, asset_id: str, name: str, when: datetime) -> None:
        """Give an asset another name from `when` on. Raises KeyError if there is no such asset."""
        asset = self._asset(account_id, kind, asset_id)
        self._exchange(account_id, asset, replace(asset, renames=(*asset.renames, (when, name))))

    def delete(self, account_id: str, kind: str, asset_id: str, when: datetime) -> None:
        """Let an asset end at `when`. Raises KeyError if there is no such asset."""
        asset = self._asset(account_id, kind, asset_id)
        self._exchange(account_id, asset, replace(asset, deleted=when))

    def start_incident(self, account_id: str, script_tag: str, since: datetime, until: datetime) -> None:
        """Let most invocations of a Worker throw for a while. Raises KeyError if there is no such Worker."""
        worker = self._asset(account_id, "worker", script_tag)
        assert isinstance(worker, Worker)
        incidents = (*worker.incidents, Incident(since=since, until=until))
        self._exchange(account_id, worker, replace(worker, incidents=incidents))

    def set_quiet_from(self, when: datetime | None) -> None:
        """Let all usage end at `when`, or never."""
        self._quiet_from = when
        self._usage.clear()

    def set_lateness(self, lateness: timedelta) -> None:
        """Change the longest delay with which usage becomes visible, also of usage that there is already."""
        self._lateness = lateness
        self._usage.clear()

    def _asset(self, account_id: str, kind: str, asset_id: str) -> Asset:
        assets = [asset for asset in self.accounts[account_id].assets if (asset.kind, asset.id) == (kind, asset_id)]
        if not assets:
            raise KeyError(f"account {account_id} has no {kind} {asset_id}")
        return next((asset for asset in assets if asset.deleted is None), assets[-1])

    def _exchange(self, account_id: str, old: Asset, new: Asset) -> None:
        account = self.accounts[account_id]
        self._replace(replace(account, assets=tuple(new if asset is old else asset for asset in account.assets)))

    def _replace(self, account: AccountModel) -> None:
        self.accounts[account.id] = account
        self._usage.pop(account.id, None)
