"""A GraphQL request: which accounts and zones its document selects, and what it asks of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from exporter.simulator.documents import Operation, Selected, argument
from exporter.simulator.faults import Fault, Kind
from exporter.simulator.products import DATASETS
from exporter.simulator.world import AccountModel, TokenModel, Zone


@dataclass(frozen=True, slots=True)
class ZoneSelection:
    """A selection of zones, of one account or, at the top, of all that the token sees."""

    selected: Selected
    account_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One dataset that a document selects, and whose it is; without a zone it is the account's."""

    selected: Selected
    account_id: str
    zone_id: str = ""


@dataclass(eq=False)
class Request:
    """A document with its variables, sent by a token's holder at a time; ``existing`` are all existing accounts.

    ``number`` identifies the request, ``faults`` are those that affect it, and ``budget`` are the requests left.
    """

    operation: Operation
    variables: Mapping[str, Any]
    token: TokenModel
    existing: Mapping[str, AccountModel]
    now: datetime
    budget: int = 0
    number: int = 0
    faults: Sequence[Fault] = ()
    errors: list[dict[str, Any]] = field(default_factory=list)
    accounts_refused: int = 0
    accounts_answered: int = 0

    @property
    def at(self) -> int:
        """Return the time of the request in epoch seconds."""
        return int(self.now.timestamp())

    def visible(self) -> list[str]:
        """Return the accounts that the token can see."""
        return [account_id for account_id in self.existing if self.token.sees(account_id)]

    def account_selections(self) -> list[Selected]:
        """Return the ``accounts`` that the document selects."""
        return [field for field in self._of_viewers() if field.name == "accounts"]

    def zone_selections(self) -> list[ZoneSelection]:
        """Return the ``zones`` that the document selects, within accounts or beside them."""
        found = [ZoneSelection(field, self.visible()) for field in self._of_viewers() if field.name == "zones"]
        for accounts in self.account_selections():
            nested = [field for field in accounts.children if field.name == "zones"]
            found += [ZoneSelection(field, [account_id]) for field in nested for account_id in self.wanted(accounts)]
        return found

    def wanted(self, accounts: Selected) -> list[str]:
        """Return the account that a selection names, or all that the token can see if it names none."""
        chosen = argument(accounts.arguments.get("filter"), self.variables)
        return [chosen["accountTag"]] if chosen and "accountTag" in chosen else self.visible()

    def wanted_zones(self, zones: ZoneSelection) -> list[str]:
        """Return the zones that a selection names, or all that are there if it names none."""
        chosen = argument(zones.selected.arguments.get("filter"), self.variables) or {}
        named = chosen.get("zoneTag_in")
        if named is None and chosen.get("zoneTag") is None:
            named = [tag for tag in self.zones_of(zones.account_ids) if tag > (chosen.get("zoneTag_gt") or "")]
        elif named is None:
            named = [chosen["zoneTag"]]
        limit = argument(zones.selected.arguments.get("limit"), self.variables)
        absent = {fault.zone for fault in self.faults if fault.kind is Kind.ZONE_ABSENT}
        return [tag for tag in named if tag not in absent][:limit]

    def zones_of(self, account_ids: Sequence[str]) -> dict[str, tuple[AccountModel, Zone]]:
        """Return the zones of some accounts by id, as far as the token can see them."""
        accounts = [self.existing[key] for key in account_ids if key in self.existing and self.token.sees(key)]
        return {
            asset.id: (account, asset)
            for account in accounts
            for asset in account.assets
            if isinstance(asset, Zone) and asset.exists_at(self.now)
        }

    def account_ids(self) -> list[str]:
        """Return the accounts that the document queries."""
        return [account_id for accounts in self.account_selections() for account_id in self.wanted(accounts)]

    def zone_ids(self) -> list[str]:
        """Return the zones that the document queries."""
        return [zone_id for zones in self.zone_selections() for zone_id in self.wanted_zones(zones)]

    def questions(self) -> list[Selected]:
        """Return the questions of the document about accounts: its selections of their datasets."""
        fields = (field for accounts in self.account_selections() for field in accounts.children)
        return [field for field in fields if field.name in DATASETS]

    def zone_questions(self) -> list[Asked]:
        """Return the questions of the document about zones, each once a zone."""
        return [
            Asked(field, "", zone_id)
            for zones in self.zone_selections()
            for field in zones.selected.children
            if field.name in DATASETS
            for zone_id in self.wanted_zones(zones)
        ]

    def asked(self) -> Iterator[Asked]:
        """Yield the questions of the document, each once an account or a zone."""
        for accounts in self.account_selections():
            for account_id in self.wanted(accounts):
                yield from (Asked(field, account_id) for field in accounts.children if field.name in DATASETS)
        yield from self.zone_questions()

    def settings(self) -> list[str]:
        """Return the datasets whose settings the document queries."""
        owners = [*self.account_selections(), *(zones.selected for zones in self.zone_selections())]
        nodes = (field for owner in owners for field in owner.children)
        fields = (field.name for node in nodes if node.name == "settings" for field in node.children)
        return [name for name in fields if name in DATASETS]

    def _of_viewers(self) -> list[Selected]:
        viewers = [field for field in self.operation.selected if field.name == "viewer"]
        return [field for viewer in viewers for field in viewer.children]
