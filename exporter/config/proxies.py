"""What the environment says of proxies and certificates: checked before the HTTP library reads it. Pure.

An address may hold a password, so no message quotes one; the library's own messages do.
"""

import re
from collections.abc import Iterable, Mapping

from exporter.config.config import ConfigError
from exporter.config.fields import HIGHEST_PORT

PROXIES = frozenset({"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"})
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")

_PROXY = re.compile(
    r"(?:(?:https?|socks5h?)://)?(?:[^\s/?#]*@)?(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::(?P<port>\d{1,5}))?/?",
    re.IGNORECASE,
)

PROXY_ADVICE = (
    "It must be like http://host:port or http://user:password@host:port, with every %, /, ?, # and @ of user and "
    "password written as %25, %2F, %3F, %23 and %40."
)


def check_proxies(environment: Mapping[str, str]) -> None:
    """Raise ConfigError if a variable, in upper or lower case, does not hold the address of a proxy."""
    for name in _proxies_in(environment):
        found = _PROXY.fullmatch(environment[name])
        if found is None or not environment[name].isprintable() or int(found["port"] or 0) > HIGHEST_PORT:
            raise ConfigError(f"{name} does not hold the address of a proxy.", PROXY_ADVICE)


def network_fault(error: Exception, environment: Mapping[str, str]) -> ConfigError:
    """Return why no connection can be prepared: of what ``check_proxies`` passes, which variable is to blame."""
    if isinstance(error, OSError):
        names = " or ".join(name for name in CERTIFICATES if environment.get(name)) or "The system's certificates"
        return ConfigError(f"{names} cannot be used: {error.strerror or 'no certificates'}.")
    if isinstance(error, ImportError):
        socks = [name for name in _proxies_in(environment) if environment[name].lower().startswith("socks")]
        return ConfigError(f"{' or '.join(socks)}: SOCKS proxies are not supported.", "Use an HTTP proxy.")
    names = " or ".join(name for name in environment if name.upper() == "NO_PROXY") or "The proxies of the environment"
    return ConfigError(f"{names} cannot be used.", "NO_PROXY must be host names and addresses, separated by commas.")


def _proxies_in(environment: Mapping[str, str]) -> Iterable[str]:
    return [name for name, value in environment.items() if name.upper() in PROXIES and value]
