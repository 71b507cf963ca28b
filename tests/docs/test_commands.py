"""Command lines and addresses of the documentation, parsed, run and asked on the demo account."""

import re
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from http import HTTPStatus
from io import StringIO
from pathlib import Path

import pytest

from exporter.alertmanager import SERVICES
from exporter.cli import build_parser
from exporter.pricing import load_card
from stack.tools import Tools
from tests.bundle.test_configuration import run
from tests.docs.commands import Words, commands, faults_of, flag_is_known, ours, parse
from tests.docs.demo import Demo, running_demo
from tests.docs.examples import blocks, examples, spans

FOREIGN_FLAGS = {"--extra": "of uv, as the line before it"}
"""Flags in sentences that belong to a program which is not here, and why."""

OFFLINE = {"alertmanager-config", "assets", "costs", "metrics", "price", "report"}
"""The commands that need no network and end by themselves."""

STANDS_FOR = {"NAME": "Example"}
"""What a word in capitals means on the demo account."""

OTHERS = {9090: {"", "/-/healthy", "/-/reload"}, 9093: {"", "/-/healthy", "/-/reload"}, 3000: {""}}
"""Ports of Prometheus, Alertmanager and Grafana with what is asked of them."""

VARIABLES = set(re.findall(r"[A-Z_]{4,}", build_parser().epilog or ""))

ADDRESS = re.compile(r"(?:https?://)?(?:localhost|127\.0\.0\.1|exporter\.example\.com):(\d+)([^\s'\"`)]*)")
PATH = re.compile(r"(?:GET )?(/|/metrics|/-/\w+|/api/(?!v\d)\S*)")
"""A path of the exporter; those of Prometheus and Alertmanager have a version."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """An exporter on the demo account, whose history is known."""
    with running_demo(tmp_path_factory.mktemp("state")) as found:
        yield found


def test_words_of_commands_exist() -> None:
    """Each program is a known one; targets, services, modules and paths of the repository are there."""
    assert [fault for command in commands() for fault in faults_of(command)] == []


def test_our_commands_are_parsed() -> None:
    """The exporter takes the words of each, and knows the variables before it."""
    refused = [f"{command.place}: {said}" for command, words in ours() for found, said in [parse(words)] if not found]
    assert refused == []
    assert {name for command, _ in ours() for name in command.variables} <= VARIABLES


def test_flags_in_sentences_exist(tools: Tools) -> None:
    """A flag that stands alone is the exporter's, with a value that it takes, or one of Prometheus and its programs."""
    programs = (tools.prometheus, tools.alertmanager)
    theirs = {flag for program in programs for flag in re.findall(r"--[\w.-]+", run(program, "--help"))}
    theirs |= {"--alertmanager.url", "--silenced"}
    strange: dict[str, str] = {}
    for span in spans():
        words = span.text.split()
        flag = words[0].partition("=")[0]
        if re.match(r"--[a-z]", flag) and flag not in theirs and not flag_is_known(words):
            strange[flag] = span.place
    assert strange.keys() == FOREIGN_FLAGS.keys(), strange


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in, with a secret and the quantities that the page of costs speaks of."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/discord").write_text(SERVICES["discord"].example, encoding="utf-8")
    meters = load_card().meters.keys()
    quantities = {span.text for span in spans() if ": " in span.text and span.text.partition(":")[0] in meters}
    (tmp_path / "usage.yaml").write_text("\n".join(quantities), encoding="utf-8")
    return tmp_path


def printed(words: Words, demo: Demo, outside: Path) -> str:
    """Return what one of the exporter's commands prints of the demo account; it has to succeed."""
    options, said = parse([STANDS_FOR.get(word, word) for word in words])
    assert options, said
    options.storage_path = str(demo.folder)
    if words[0] == "alertmanager-config":
        options.secrets_dir, options.output = outside / "secrets", outside / "alertmanager.yml"
    text = StringIO()
    with redirect_stdout(text), redirect_stderr(text):
        assert options.run(options) == 0
    return text.getvalue()


def test_our_commands_run(demo: Demo, outside: Path) -> None:
    """Each that needs no network says something of the demo account."""
    failed = []
    wanted = [(command, words) for command, words in ours() if words[0] in OFFLINE and words[-1] != "--help"]
    assert {words[0] for _, words in wanted} >= {"alertmanager-config", "costs", "metrics", "price", "report"}
    for command, words in wanted:
        try:
            assert printed(words, demo, outside)
        except Exception as error:
            failed.append(f"{command.place}: {error!r}")
    assert failed == []


def test_output_that_is_shown_is_as_printed(demo: Demo, outside: Path) -> None:
    """Other than in dates and figures, the output of a command on the demo account begins as on the page."""
    shown = blocks("output")
    assert shown
    for block in shown:
        ((_, words),) = [each for each in ours() if each[0].example is block.before]
        lines = printed(words, demo, outside).splitlines()[: block.text.count("\n")]
        assert skeleton(block.text.splitlines()) == skeleton(lines), block.place


def skeleton(lines: Iterable[str]) -> list[str]:
    """Return lines, in any order, without figures and the space between columns."""
    return sorted(re.sub(r"\s+", " ", re.sub(r"\$?[\d,.]*\d", "0", line)).strip() for line in lines)


def test_samples_are_of_the_demo_account(demo: Demo) -> None:
    """Each series of /metrics that is shown is one of the demo account."""
    there = demo.samples()
    shown = [(block.place, line.rpartition(" ")[0]) for block in blocks("samples") for line in block.text.splitlines()]
    assert [each for each in shown if each[1] not in there] == []


def addresses() -> Iterator[tuple[str, int, str]]:
    """Return each address with a port: its place, port and path."""
    for example in examples():
        for port, path in ADDRESS.findall(example.text):
            yield example.place, int(port), path


def test_addresses_are_answered(demo: Demo) -> None:
    """The exporter answers at each address with its port, and the others' are pages of theirs."""
    wrong = []
    for place, port, path in addresses():
        if port == 9199:
            status = demo.api.ask(path or "/").status_code
            if status != HTTPStatus.OK:
                wrong.append(f"{place}: {path} is answered with {status}")
        elif path not in OTHERS.get(port, ()):
            wrong.append(f"{place}: {port}{path}")
    assert any(port == 9199 for _, port, _ in addresses())
    assert wrong == []


def test_paths_in_sentences_are_answered(demo: Demo) -> None:
    """A path of the exporter that is named exists; one of the API answers as its OpenAPI document says."""
    found = {match[1]: span.place for span in spans() if (match := PATH.fullmatch(span.text))}
    wrong = []
    for path, place in found.items():
        asked = path.replace("{name}", "shop")
        is_prefix = len(path) > 1 and path.endswith("/")
        is_there = (
            any(known.startswith(path) for known in demo.api.described["paths"])
            if is_prefix
            else (demo.api.ask(asked).status_code == HTTPStatus.OK)
        )
        if not is_there:
            wrong.append(f"{place}: {path}")
    assert {"/metrics", "/-/healthy", "/api/costs"} <= found.keys()
    assert wrong == []
