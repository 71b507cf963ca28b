"""Loads a web configuration and its certificates; every error names the file and the key, and never a secret."""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext
from typing import Any

import yaml
from pydantic import ValidationError

from exporter.model import ExporterError
from exporter.web.settings import HASH_BEGINNING, WebConfig
from exporter.web.tls import TlsError, make_context, named_files

Stamp = tuple[int, int, int] | None
"""A file's identity and version: inode, size and time of change; None if it does not exist."""


MERGE = "tag:yaml.org,2002:merge"
"""The YAML tag of ``<<``, which may occur next to the keys that it merges."""


class WebConfigError(ExporterError):
    """The web configuration cannot be used; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A validated web configuration, its TLS context, and the stamps of all its files."""

    config: WebConfig
    context: SSLContext | None
    stamps: dict[Path, Stamp]


class _WrongKey(Exception):
    """A key is not allowed in its place; the text has the line and the reason."""


class _StrictLoader(yaml.SafeLoader):
    """A loader that refuses duplicate keys (e.g. two hashes of one user) and keys that are not text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping of a node. Raises _WrongKey."""
        known: set[str] = set()
        for node_of_key, _ in node.value:
            if node_of_key.tag == MERGE:
                continue
            key = self.construct_object(node_of_key, deep=True)
            place = f", line {node_of_key.start_mark.line + 1},"
            if not isinstance(key, str):
                # For example, YAML reads a user called no or 007 like this.
                raise _WrongKey(f"{place} has a key that is not text: put it in quotes")
            if key in known:
                raise _WrongKey(f"{place} has a duplicate key")
            known.add(key)
        return super().construct_mapping(node, deep)


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
        document = yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)
    except OSError as error:
        raise WebConfigError(
            f"Cannot read the web configuration {path}: {error.strerror}.", "Correct --web.config.file or the file."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise WebConfigError(f"The web configuration {path}{place} is not valid YAML.") from None
    except _WrongKey as error:
        raise WebConfigError(f"The web configuration {path}{error}.") from None
    except (ValueError, TypeError):
        raise WebConfigError(f"The web configuration {path} is not valid YAML.") from None
    if not isinstance(document, dict | None):
        raise WebConfigError(f"The web configuration {path} must be a mapping of keys to values.")
    try:
        return WebConfig.model_validate(document or {})
    except ValidationError as error:
        raise _fault(path, [f"{_key(fault['loc'])}: {_sentence(fault)}" for fault in error.errors()]) from None


def _fault(path: Path, lines: list[str]) -> WebConfigError:
    return WebConfigError("\n  ".join([f"The web configuration {path} is not valid:", *lines]))


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
        "Input should be a valid string": "must be text: put it in quotes",
    }
    return known.get(message, message.removeprefix("Value error, "))
