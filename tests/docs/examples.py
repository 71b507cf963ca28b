"""The examples of the written pages and of the docstrings, each with its place, sorted by what they are.

An example is a block (fenced, indented, or a doctest) or a code span of a sentence. What a span is shows in its shape;
most are plain words and no examples at all. A block is always one.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

import yaml

from exporter.alertmanager import SERVICES
from exporter.config import Config
from exporter.web.settings import WebConfig
from stack.tools import REPOSITORY

PAGES = (
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((REPOSITORY / "docs").glob("*.md")),
    REPOSITORY / "alerting/runbook.md",
    REPOSITORY / "alerting/secrets/README.md",
)

FENCED = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?P<text>(?: {4}.*\n|\n(?= {4}))+)", re.MULTILINE)
DOCTEST = re.compile(r"^(?P<text>(?: *>>> .*\n)+)", re.MULTILINE)
SPAN = re.compile(r"(?<!`)(``?)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
SAMPLE = re.compile(r"[a-z0-9_]+\{[^{}]*\} [\d.]+")


@dataclass(frozen=True, slots=True)
class Example:
    """An example: ``introduction`` is the paragraph before a block, ``before`` the block before it on the page."""

    path: str
    line: int
    text: str
    is_block: bool
    language: str = ""
    introduction: str = ""
    before: "Example | None" = None
    is_fenced: bool = False

    @property
    def place(self) -> str:
        """Return where it stands."""
        return f"{self.path}:{self.line}"


@cache
def examples() -> tuple[Example, ...]:
    """Return every example of the pages and of the docstrings of the exporter."""
    found: list[Example] = []
    for page in PAGES:
        found += _in_text(str(page.relative_to(REPOSITORY)), 1, page.read_text(encoding="utf-8"))
    for module in sorted((REPOSITORY / "exporter").rglob("*.py")):
        for line, text in _docstrings(module):
            found += _in_text(str(module.relative_to(REPOSITORY)), line, text)
    return tuple(found)


def blocks(kind: str) -> list[Example]:
    """Return the blocks of a kind."""
    return [example for example in examples() if example.is_block and kind_of(example) == kind]


def spans() -> list[Example]:
    """Return the code spans."""
    return [example for example in examples() if not example.is_block]


def kind_of(block: Example) -> str | None:
    """Return what a block is, None if that is not known."""
    match block.language:
        case "sh":
            return "commands"
        case "promql":
            return "query"
        case "json":
            return _kind_of_json(block)
        case "yaml":
            return _kind_of_yaml(block)
        case "":
            return _kind_of_plain(block)
    return None


def service_of(block: Example) -> str | None:
    """Return the service whose secret a block is: the first word of the paragraph before names it."""
    named = re.match(r"`(\w+)`[;:]", block.introduction)
    return named[1] if named and named[1] in SERVICES else None


def _kind_of_json(block: Example) -> str | None:
    if '"findings"' in block.text:
        return "check"
    is_answer = block.before is not None and "localhost:9199/api/" in block.before.text
    return "answer" if is_answer else None


def _kind_of_yaml(block: Example) -> str | None:
    document: Any = yaml.safe_load(block.text)
    if service_of(block):
        return "secret"
    if isinstance(document, list):
        return "thresholds" if all("alert" in rule for rule in document) else None
    for kind, keys in (
        ("configuration", Config.model_fields.keys()),
        ("web configuration", WebConfig.model_fields.keys()),
        ("prometheus", {"scrape_configs"}),
    ):
        if document.keys() <= keys:
            return kind
    return None


def _kind_of_plain(block: Example) -> str | None:
    if service_of(block):
        return "secret"
    if all(map(SAMPLE.fullmatch, block.text.splitlines())):
        return "samples"
    if block.before and block.before.text.startswith("cloudflare-exporter ") and not block.introduction:
        return "output"
    if " <- " in block.text:
        return "rooms"
    return None


def _in_text(path: str, first: int, text: str) -> Iterator[Example]:
    """Return the examples of a text whose first line is this one of the file."""
    before: Example | None = None
    rest = text
    for pattern in (FENCED, DOCTEST, INDENTED):
        for found in pattern.finditer(rest):
            parts: Mapping[str, str] = {"indent": "", "language": "", **found.groupdict()}
            content = dedent(parts["text"])
            line = first + text.count("\n", 0, found.start())
            introduction = text[: found.start()].rstrip().rpartition("\n\n")[2].strip()
            follows = introduction.endswith("```")
            before = Example(
                path,
                line,
                content,
                True,
                parts["language"],
                "" if follows else introduction,
                before,
                pattern is FENCED,
            )
            yield before
        rest = pattern.sub(lambda each: re.sub(r"[^\n]", "", each[0]), rest)
    for found in SPAN.finditer(rest):
        content = found[2].replace("\\|", "|") if path.endswith(".md") else found[2]
        if "\n\n" not in content:
            yield Example(path, first + rest.count("\n", 0, found.start()), " ".join(content.split("\n")), False)


def _docstrings(module: Path) -> Iterator[tuple[int, str]]:
    """Return the docstrings of a module with their lines, those below an attribute too."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in node.body:
                match statement:
                    case ast.Expr(value=ast.Constant(value=str() as text)):
                        yield statement.lineno, inspect.cleandoc(text)
