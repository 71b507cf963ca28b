"""A token of the configuration together with the ways to ask with it."""

from dataclasses import dataclass

from exporter.cloudflare import Client, Principal
from exporter.config import Token


@dataclass(frozen=True, slots=True)
class Credential:
    """One token: what the configuration says of it, its ``principal``, and a client for what only a check asks."""

    token: Token
    principal: Principal
    client: Client
