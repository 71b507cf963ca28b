"""Loads a web configuration and its certificates; every error names the file and the key, and never a secret."""

from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import Any

import yaml
from pydantic import ValidationError

from exporter.config.fields import on_one_line
from exporter.config.yaml_text import YamlFault, parse_yaml
from exporter.model import ExporterError
from exporter.web.settings import HASH_BEGINNING, WebConfig
from exporter.web.tls import TlsError, make_context, named_files

_NOT_TEXT = {"tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"}

Stamp = tuple[int, int, int] | None
"""A file's identity and version: inode, size and time of change; None if it does not exist."""


class WebConfigError(ExporterError):
    """The web configuration cannot be used; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A validated web configuration, its TLS context, and the stamps of all its files."""

    config: WebConfig
    context: SSLContext | None
    stamps: dict[Path, Stamp]


class _TextLoader(yaml.SafeLoader):
    """A loader for which every scalar is the text that is written, as for exporter-toolkit: ``1``, ``no``, ``007``."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in _NOT_TEXT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_web_config(path: Path) -> Loaded:
    """Load and validate a web configuration with its certificates. Raises WebConfigError."""
    # Stamps come first: a file that changes during loading is then loaded again.
    stamps = {path: stamp(path)}
    config = _parse(path)
    tls = config.tls_server_config
    if tls is None:
        return Loaded(config, None, stamps)
    stamps |= {file: stamp(file) for file in named_files(tls, path.parent)}
    try:
        context = make_context(tls, path.parent)
    except TlsError as error:
        raise _fault(path, [f"tls_server_config.{error}"]) from None
    return Loaded(config, context, stamps)


def stamp(path: Path) -> Stamp:
    """Return a value that changes with the file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _parse(path: Path) -> WebConfig:
    try:
        document = parse_yaml(path.read_bytes(), _TextLoader)
    except OSError as error:
        raise WebConfigError(
            f"Cannot read the web configuration {path}: {error.strerror}.", "Correct --web.config.file or the file."
        ) from error
    except YamlFault as fault:
        raise WebConfigError(fault.of(f"The web configuration {path}")) from None
    if not isinstance(document, dict | None):
        raise WebConfigError(f"The web configuration {path} must be a mapping of keys to values.")
    try:
        return WebConfig.model_validate(document or {})
    except ValidationError as error:
        raise _fault(path, [f"{_key(fault['loc'])}: {_sentence(fault)}" for fault in error.errors()]) from None


def _fault(path: Path, lines: list[str]) -> WebConfigError:
    return WebConfigError("\n  ".join([f"The web configuration {path} is not valid:", *map(on_one_line, lines)]))


def _key(location: tuple[int | str, ...]) -> str:
    steps = (step for step in location if step != "[key]")
    names = ("(a hash)" if str(step).startswith(HASH_BEGINNING) else step for step in steps)
    return "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in names).lstrip(".")


def _sentence(fault: Any) -> str:
    message = str(fault["msg"])
    if message.startswith(("Input should be a valid dictionary", "Input should be a valid mapping")):
        return "must be a mapping of keys to values"
    known = {
        "Extra inputs are not permitted": "unknown key",
        "Input should be a valid string": "must be text",
        "Input should be a valid tuple": "must be a list",
        "Input should be a valid boolean, unable to interpret input": "must be true or false",
    }
    return known.get(message, message.removeprefix("Value error, "))
