"""The command lines of the documentation: taken apart, and what there is to find in each program's words."""

import argparse
import ast
import importlib.util
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from itertools import pairwise

import yaml

from exporter.alertmanager import SERVICES
from exporter.cli import build_parser
from stack.tools import REPOSITORY
from tests.docs.examples import Example, blocks, spans

Words = list[str]

ASSIGNMENT = re.compile(r"([A-Z_]+)=(.*)")
OURS = "cloudflare-exporter"
OPERATORS = {"&&", "||", "|", ";"}
METAVARIABLE = re.compile(r"\[?[A-Z]+\]?(?:[:=,][A-Z]+)*|\S+\|\S+")
TARGETS = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
TOP = {path.name for path in REPOSITORY.iterdir() if path.is_dir() and not path.name.startswith(".")}


@dataclass(frozen=True, slots=True)
class Command:
    """One program with its words, without the variables that stand before it."""

    place: str
    words: Words
    variables: Mapping[str, str]
    example: Example

    @property
    def program(self) -> str:
        """Return the program's name, wherever it is installed."""
        return self.words[0].rpartition("/")[2]


@cache
def commands() -> tuple[Command, ...]:
    """Return every command of blocks and of sentences."""
    found: list[Command] = []
    for block in blocks("commands"):
        lines = block.text.replace("\\\n", "  ").splitlines()
        for line in lines:
            found += _commands_of(block, line)
    for span in spans():
        words = span.text.split()
        if words[0] in subcommands() and len(words) > 1:
            found += _commands_of(span, f"{OURS} {span.text}")
        elif words[0].rpartition("/")[2] in PROGRAMS and (len(words) > 1 or words[0].startswith(".venv/bin/")):
            found += _commands_of(span, span.text)
    return tuple(found)


def ours() -> list[tuple[Command, Words]]:
    """Return the exporter's own commands with the words after its name, those in a container too.

    A command that a sentence only names is asked for its help, which it has if it exists.
    """
    found = []
    for each in commands():
        if each.program == OURS:
            is_named = not each.example.is_block and len(each.words) == 2
            found.append((each, [*each.words[1:], "--help"] if is_named else each.words[1:]))
        elif each.program == "docker" and OURS in each.words:
            found.append((each, each.words[each.words.index(OURS) + 2 :]))
    return found


def parse(words: Words) -> tuple[argparse.Namespace | None, str]:
    """Return the exporter's options, None if they are refused, and what it says of them."""
    said = StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(said):
            return build_parser().parse_args(words), ""
    except SystemExit as end:
        return (argparse.Namespace(), "") if end.code == 0 else (None, said.getvalue())


@cache
def subcommands() -> Mapping[str, argparse.ArgumentParser]:
    """Return the exporter's commands."""
    (action,) = (each for each in build_parser()._actions if isinstance(each, argparse._SubParsersAction))
    found: Mapping[str, argparse.ArgumentParser] = action.choices
    return found


def flag_is_known(words: Words) -> bool:
    """Return whether flags without a command are those of some command, with values that it takes."""
    known = {option for parser in subcommands().values() for each in parser._actions for option in each.option_strings}
    if (len(words) == 1 and "=" not in words[0]) or any(map(METAVARIABLE.fullmatch, words[1:])):
        return words[0] in known
    return any(parse([name, *words])[0] is not None for name in subcommands())


def faults_of(command: Command) -> Iterator[str]:
    """Return what of a command does not exist."""
    if command.program not in PROGRAMS:
        yield f"{command.place}: {command.words[0]} is no program that is known here"
        return
    for fault in [*PROGRAMS[command.program](command.words), *_missing_paths(command.words)]:
        yield f"{command.place}: {fault}"


def _commands_of(example: Example, line: str) -> Iterator[Command]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    rest: Words = []
    for word in [*lexer, ";"]:
        if word not in OPERATORS:
            rest.append(word)
            continue
        variables = {}
        while rest and (found := ASSIGNMENT.fullmatch(rest[0])):
            variables[found[1]] = found[2]
            del rest[0]
        if rest:
            yield Command(example.place, rest, variables, example)
        rest = []


def _missing_paths(words: Words) -> Iterator[str]:
    """Return the paths of the repository that are not there, but for secrets, which everyone makes."""
    for word in words:
        path = word.rpartition("=")[2]
        if path.startswith("alerting/secrets/"):
            if path.rpartition("/")[2] not in SERVICES:
                yield f"{path} is no secret"
        elif _is_of_repository(path) and not [*REPOSITORY.glob(path)]:
            yield f"{path} does not exist"


def _is_of_repository(path: str) -> bool:
    return ("/" in path and path.partition("/")[0] in TOP) or bool(re.fullmatch(r"[\w-]+\.(lock|toml)", path))


def _of_make(words: Words) -> Iterator[str]:
    for target in words[1:]:
        if target not in TARGETS:
            yield f"make has no target {target}"


def _of_docker(words: Words) -> Iterator[str]:
    """Look at the services of Compose: what stands after the subcommand, until the words of a service's own."""
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    if words[1:2] != ["compose"] or words[2:3] not in (["up"], ["run"]):
        yield f"docker {' '.join(words[1:3])} is not looked at"
        return
    named = [word for before, word in pairwise(words[2:]) if before != "--entrypoint"]
    named = [word for word in named if not word.startswith("-")]
    for service in named[:1] if words[2] == "run" else named:
        if service not in services:
            yield f"there is no service {service}"


def _of_python(words: Words) -> Iterator[str]:
    match words[1:]:
        case ["-m", module, *_]:
            if importlib.util.find_spec(module) is None:
                yield f"there is no module {module}"
        case ["-c", code, *_]:
            try:
                ast.parse(code)
            except SyntaxError as error:
                yield str(error)
        case _:
            yield "neither -m nor -c"


def _of_anything(words: Words) -> Iterator[str]:
    """Take words as they are: whoever wrote them knows the program, which need not be here."""
    yield from ()


PROGRAMS: Mapping[str, Callable[[Words], Iterator[str]]] = {
    "make": _of_make,
    "docker": _of_docker,
    "python": _of_python,
    "python3": _of_python,
    **dict.fromkeys(
        (
            OURS,  # parsed, and run where it can be
            "curl",  # what it asks for is asked for
            *("amtool", "promtool", "pip", "ruff", "mypy", "uv", "openssl", "htpasswd", "tr", "sqlite3"),
            *("chmod", "chown", "sudo", "kill", "df", "apt", "wrangler"),
        ),
        _of_anything,
    ),
}
"""What is looked at in the words of each program that the documentation uses."""
