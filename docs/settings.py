"""The configuration reference: the file's keys from the models, flags from the argument parser."""

import argparse
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from docs.tables import code, table
from exporter.alerts.table import ADJUSTABLE
from exporter.cli import build_parser
from exporter.config import Config
from exporter.config.config import AT_TOP
from exporter.config.selection import Selection

TYPES: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (SecretStr, "secret"),
    (timedelta, "duration"),
    (date, "day"),
    (float, "number"),
    (Decimal, "number"),
    (int, "number"),
    (Path, "file"),
    (str, "text"),
)

UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))

INTRODUCTION = """# Configuration

Generated from the program by `make docs`. Flags override the environment, which overrides the file of `--config.file`.
Every key of the file is optional; unknown keys are refused. Durations are written as in Prometheus: `90s`, `10m`,
`1h30m`. Globs support `*`, `?` and `[…]`. `SIGHUP` reloads the file without losing data; an invalid file is refused as
a whole, with a log line that names every invalid key, and the previous configuration stays in force.

A key twice is refused with the lines of both. Numbers are decimal, with at most 24 digits; what YAML otherwise takes
for a time, an octal or a hexadecimal number (`22:00`, `017`, `0x1F`) is text.

Exit codes of all commands: 0 success, 1 a local fault such as an address in use or a full disk, 2 a wrong configuration
or command line, 141 if the reader of the output ends early. `check` has its own meaning of
[0 and 1](check.md#levels-and-exit-codes).

"""


def settings_page() -> str:
    """Return the page of all settings."""
    keys = table(("key", "type", "default", "description", "example"), _keys())
    parser = build_parser()
    return "\n".join(
        [
            INTRODUCTION + "## File\n",
            keys,
            "## Alerts whose threshold can be set\n",
            "The alerts that `alerting.thresholds` can name; see [alerting.md](alerting.md).\n",
            table(("alert", "about", "severities", "unit of the threshold"), _alerts()),
            "## Environment\n",
            f"{(parser.epilog or '').removeprefix('Environment: ')}\n",
            *(f"## {name}\n\n{_flags(command)}" for name, command in _commands(parser)),
        ]
    )


def settings(model: type[BaseModel] = Config, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Return each key of a section and its subsections: ``[]`` is any entry of a list, ``.NAME`` any name."""
    for name, field in model.model_fields.items():
        if field.validation_alias == AT_TOP:
            yield from settings(Selection, prefix)
            continue
        yield prefix + name, field
        inner, within = _section(field.annotation)
        if inner is not None:
            yield from settings(inner, f"{prefix}{name}{within}.")


def _keys() -> Iterator[tuple[str, ...]]:
    """Return a row for each key."""
    for key, field in settings():
        inner, within = _section(field.annotation)
        is_section = inner is not None and not within
        kind = "section" if is_section else _type(field.annotation)
        default = "" if is_section else _default(field)
        yield code(key), kind, default, field.description or "", _example(field)


def _alerts() -> Iterator[tuple[str, ...]]:
    """Return a row for each alert whose threshold can be set."""
    for alert in ADJUSTABLE.values():
        yield code(alert.name), code(alert.subject), " or ".join(map(code, alert.severities)), alert.unit


def _section(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """Return the section that a type is or contains, and the suffix for an entry in it."""
    plain = _plain(annotation)
    origin = get_origin(plain)
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return plain, ""
    if origin is tuple:
        return _section(get_args(plain)[0])[0], "[]"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _section(get_args(plain)[1])[0], ".NAME"
    return None, ""


def _type(annotation: Any) -> str:
    plain = _plain(annotation)
    origin = get_origin(plain)
    if origin is tuple:
        inner = _plain(get_args(plain)[0])
        is_section = isinstance(inner, type) and issubclass(inner, BaseModel)
        return "list" if is_section else f"list of {_type(inner)}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key, value = get_args(plain)
        return f"{_type(key)} → {'section' if _section(value)[0] else _type(value)}"
    if origin is Literal:
        return " or ".join(map(code, get_args(plain)))
    if isinstance(plain, type) and issubclass(plain, Enum):
        return " or ".join(code(str(each.value)) for each in plain)
    if isinstance(plain, type):
        return next((word for known, word in TYPES if issubclass(plain, known)), plain.__name__)
    return str(plain)


def _plain(annotation: Any) -> Any:
    """Return a type without its annotations and without None."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        rest = [part for part in get_args(annotation) if part is not NoneType]
        return _plain(rest[0]) if len(rest) == 1 else annotation
    return annotation


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None or default in ((), "", {}):
        return ""
    return code(_written(default.value if isinstance(default, Enum) else default))


def _written(value: Any) -> str:
    """Return a value as written in the file."""
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        size, unit = next(entry for entry in UNITS if seconds % entry[0] == 0)
        return f"{seconds // size}{unit}"
    return yaml.safe_dump(value, default_flow_style=True, width=1_000).removesuffix("\n").removesuffix("\n...")


def _example(field: FieldInfo) -> str:
    return code(_written(field.examples[0])) if field.examples else ""


def _commands(parser: argparse.ArgumentParser) -> list[tuple[str, argparse.ArgumentParser]]:
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [(f"`cloudflare-exporter {name}`", command) for action in found for name, command in action.choices.items()]


def _flags(command: argparse.ArgumentParser) -> str:
    rows = [
        (code(" ".join([*action.option_strings, _metavar(action)]).strip()), (action.help or "").replace("%%", "%"))
        for action in command._actions
        if action.dest != "help"
    ]
    return f"{(command.description or '').strip()}\n\n{table(('flag', 'description'), rows)}".lstrip("\n")


def _metavar(action: argparse.Action) -> str:
    if action.metavar is not None:
        return action.metavar if isinstance(action.metavar, str) else " ".join(action.metavar)
    return "|".join(map(str, action.choices)) if action.choices else ""
