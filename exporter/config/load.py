"""Loading the configuration: the YAML file, overridden by the environment and by flags."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from exporter.config.config import AT_TOP, Config, ConfigError
from exporter.config.fields import on_one_line
from exporter.config.keys import keys_at
from exporter.config.token_text import find_token_fault
from exporter.config.web import EXTERNAL_VARIABLE
from exporter.config.yaml_text import PlainLoader, YamlFault, parse_yaml
from exporter.nearest import ending

_OF_A_KEY = "[key]"
"""Pydantic's location mark for an error in the key itself, not in its value."""


def load_config(
    path: Path | None,
    environment: Mapping[str, str],
    storage_path: str | None,
    alerting: Mapping[str, Any] = MappingProxyType({}),
    *,
    external_url: str | None = None,
) -> Config:
    """Return the configuration of a file, overridden by the environment, then by flags. Raises ConfigError.

    ``alerting`` holds keys of that section set by flags, ``external_url`` the flag of that name.
    """
    document = _read(path) if path else {}
    cloudflare = _section(document, "cloudflare", path)
    if environment.get("CLOUDFLARE_API_URL"):
        cloudflare["api_url"] = environment["CLOUDFLARE_API_URL"]
    token = _environment_token(environment)
    if token is not None:
        cloudflare["tokens"] = [token]
    elif environment.get("CLOUDFLARE_ACCOUNT_ID"):
        raise ConfigError("CLOUDFLARE_ACCOUNT_ID is set without a token: also set CLOUDFLARE_API_TOKEN.")
    if storage_path is not None:
        document["storage"] = {**_section(document, "storage", path), "path": storage_path}
    external_url = external_url or environment.get(EXTERNAL_VARIABLE) or None
    if external_url is not None:
        document["web"] = {**_section(document, "web", path), "external_url": external_url}
    if alerting:
        document["alerting"] = _overruled(_section(document, "alerting", path), alerting)
    if cloudflare:
        document["cloudflare"] = cloudflare
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        lines = [f"{_key(fault['loc'])}: {_sentence(fault)}" for fault in error.errors()]
        place = f"The configuration file {path}" if path else "The environment"
        raise ConfigError("\n  ".join([f"{place} is not valid:", *map(on_one_line, lines)])) from None


def _overruled(section: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section with keys overridden recursively; a value that should be a mapping but is not stays as it is."""
    overruled = {**section}
    for key, value in said.items():
        there = section.get(key)
        if not isinstance(value, Mapping) or there is None:
            overruled[key] = value
        elif isinstance(there, dict):
            overruled[key] = _overruled(there, value)
    return overruled


class _ExactLoader(PlainLoader):
    """A loader that reads numbers with a decimal point as Decimal."""


def _exact(loader: _ExactLoader, node: yaml.ScalarNode) -> Decimal | str:
    text = str(loader.construct_scalar(node))
    try:
        return Decimal(text.replace("_", ""))
    except InvalidOperation:
        return text


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _exact)


def load_quantities(path: Path) -> dict[str, Any]:
    """Return the quantities in a YAML file, at its top level or under ``usage``; never floats. Raises ConfigError."""
    document = _read(path, "file of quantities", _ExactLoader)
    usage = document.get("usage", document)
    if not isinstance(usage, dict):
        raise ConfigError(f"{path} is not valid:\n  usage: must be a mapping of meters to quantities")
    return {str(key): value for key, value in usage.items()}


def _environment_token(environment: Mapping[str, str]) -> dict[str, Any] | None:
    accounts = [part.strip() for part in environment.get("CLOUDFLARE_ACCOUNT_ID", "").split(",") if part.strip()]
    if environment.get("CLOUDFLARE_API_TOKEN") and environment.get("CLOUDFLARE_API_TOKEN_FILE"):
        raise ConfigError("CLOUDFLARE_API_TOKEN and CLOUDFLARE_API_TOKEN_FILE are both set: set only one of them.")
    if environment.get("CLOUDFLARE_API_TOKEN"):
        fault = find_token_fault(environment["CLOUDFLARE_API_TOKEN"].strip())
        if fault:
            raise ConfigError(f"CLOUDFLARE_API_TOKEN {fault}.")
        return {"token": environment["CLOUDFLARE_API_TOKEN"], "accounts": accounts}
    if environment.get("CLOUDFLARE_API_TOKEN_FILE"):
        return {"token_file": environment["CLOUDFLARE_API_TOKEN_FILE"], "accounts": accounts}
    return None


def _read(path: Path, what: str = "configuration file", loader: type[yaml.SafeLoader] = PlainLoader) -> dict[str, Any]:
    try:
        document = parse_yaml(path.read_bytes(), loader)
    except OSError as error:
        raise ConfigError(f"Cannot read the {what} {path}: {error.strerror}.") from error
    except YamlFault as fault:
        raise ConfigError(fault.of(f"The {what} {path}")) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"The {what} {path} must be a mapping of keys to values.")
    # A key whose lines are all commented out counts as absent.
    return {key: value for key, value in document.items() if value is not None}


def _section(document: Mapping[str, Any], name: str, path: Path | None) -> dict[str, Any]:
    section = document.get(name) or {}
    if not isinstance(section, dict):
        raise ConfigError(f"The configuration file {path} is not valid:\n  {name}: must be a mapping of keys to values")
    return dict(section)


def _key(location: tuple[int | str, ...]) -> str:
    steps = (step for step in location if step not in {_OF_A_KEY, AT_TOP})
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _sentence(fault: ErrorDetails) -> str:
    if fault["type"] != "extra_forbidden":
        return fault["msg"].removeprefix("Value error, ")
    *above, key = fault["loc"]
    return f"unknown key{ending(str(key), keys_at(above))}"
