"""A configured token with the clients that use it."""

from dataclasses import dataclass

from exporter.cloudflare import Client, Principal
from exporter.config import Token


@dataclass(frozen=True, slots=True)
class Credential:
    """One token: its configuration, its ``principal``, and a client for requests that only a check makes."""

    token: Token
    principal: Principal
    client: Client
