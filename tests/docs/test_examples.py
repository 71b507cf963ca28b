"""Every block of the documentation is of a known kind; those that hold configuration, secrets or JSON are loaded."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.alertmanager import SecretError, read_secrets
from exporter.check import as_json
from exporter.config import ConfigError, load_config
from exporter.exposition.api.openapi import openapi_document
from exporter.simulator import TokenModel
from exporter.web import WebPolicy
from stack.tools import REPOSITORY, Tools
from tests.bundle.test_configuration import run
from tests.check.scene import ALL, TOKEN, Scene, world
from tests.docs.examples import PAGES, Example, blocks, examples, kind_of, service_of
from tests.exposition.api.scene import described_get
from tests.exposition.shape import faults
from tests.exposition.snapshots import ManualClock
from tests.web.certificates import Authority
from tests.web.scene import hashed

UNKNOWN = {"exporter/pricing/rating.py": "the arithmetic of an invoice in words, which nothing can run"}
"""Files with a block that is of no kind, and why."""


def test_every_block_is_of_a_known_kind() -> None:
    """A block that nothing checks is found, with its place."""
    unknown = [block for block in examples() if block.is_block and kind_of(block) is None]
    assert sorted(block.path for block in unknown) == sorted(UNKNOWN), [block.place for block in unknown]


def test_every_fence_is_seen() -> None:
    """A fence that is written otherwise, or has no end, hides no block."""
    for page in PAGES:
        fences = re.findall(r"^ *(?:```|~~~)", page.read_text(encoding="utf-8"), re.MULTILINE)
        path = str(page.relative_to(REPOSITORY))
        assert len(fences) == 2 * sum(block.is_fenced for block in examples() if block.path == path), path


@pytest.mark.parametrize("kind", ["commands", "query", "answer", "configuration", "thresholds", "secret", "samples"])
def test_blocks_are_found(kind: str) -> None:
    """The kinds that the documentation lives on have blocks."""
    assert blocks(kind)


def refusals(kind: str, load: Callable[[Example], object], *refused: type[Exception]) -> list[str]:
    """Return which blocks of a kind are refused, with place and reason."""
    found = []
    for block in blocks(kind):
        try:
            load(block)
        except refused as error:
            found.append(f"{block.place}: {error}")
    return found


def as_file(folder: Path, text: str) -> Path:
    """Return a file of configuration that holds a text."""
    file = folder / "exporter.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_configuration_is_loaded(tmp_path: Path) -> None:
    """The exporter takes each block as its configuration."""

    def load(block: Example) -> None:
        load_config(as_file(tmp_path, block.text), {}, None)

    assert refusals("configuration", load, ConfigError) == []


def test_thresholds_are_loaded(tmp_path: Path) -> None:
    """The exporter takes each list of rules as its `alerting.thresholds`."""

    def load(block: Example) -> None:
        text = yaml.safe_dump({"alerting": {"thresholds": yaml.safe_load(block.text)}})
        load_config(as_file(tmp_path, text), {}, None)

    assert refusals("thresholds", load, ConfigError) == []


def test_web_configuration_is_loaded(tmp_path: Path) -> None:
    """Beside the files that it names, with a hash in the place of the dots, each block makes the port speak TLS."""
    certificate, _ = Authority().server().write(tmp_path, "server")
    (tmp_path / "clients.pem").write_bytes(certificate.read_bytes())

    def load(block: Example) -> None:
        file = tmp_path / "web.yml"
        file.write_text(block.text.replace("$2y$10$…", hashed(form="2y")), encoding="utf-8")
        assert WebPolicy(file, ManualClock()).is_tls

    assert refusals("web configuration", load, Exception) == []


def test_prometheus_accepts_its_configuration(tools: Tools, tmp_path: Path) -> None:
    """promtool takes each block as prometheus.yml; the files that it names are elsewhere."""

    def load(block: Example) -> None:
        (tmp_path / "prometheus.yml").write_text(block.text, encoding="utf-8")
        run(tools.promtool, "check", "config", "--syntax-only", tmp_path / "prometheus.yml")

    assert refusals("prometheus", load, AssertionError) == []


def test_secrets_are_read(tmp_path: Path) -> None:
    """The service that the paragraph before names takes the block as its secret."""

    def load(block: Example) -> None:
        (tmp_path / (service_of(block) or "")).write_text(block.text, encoding="utf-8")
        assert read_secrets(tmp_path, ())

    assert refusals("secret", load, SecretError) == []


def test_answers_are_as_the_api_describes_them() -> None:
    """A block of JSON after a request is what the OpenAPI document says of its path."""
    document = openapi_document()
    for block in blocks("answer"):
        assert block.before
        (path,) = re.findall(r"localhost:9199([^' ]+)", block.before.text)
        schema = described_get(document, path)["responses"]["200"]["content"]["application/json"]["schema"]
        assert list(faults(json.loads(block.text), schema, document["components"]["schemas"])) == [], block.place


def test_the_json_of_a_check_has_the_keys_of_one(tmp_path: Path) -> None:
    """The findings, datasets and budget that are shown have the keys that a real check tells, and no others."""
    tokens = (TokenModel(token=TOKEN, permissions=ALL - {"d1"}),)
    told = json.loads(as_json(Scene(tmp_path, world(tokens=tokens)).check()))
    (block,) = blocks("check")
    assert list(apart(json.loads(block.text), told)) == [], block.place


def apart(shown: Any, told: Any, place: str = "$") -> Iterator[str]:
    """Return where a document differs in keys or types from one that is told; its lists may be shorter."""
    if isinstance(shown, list) and isinstance(told, list):
        for number, item in enumerate(shown):
            if all([*apart(item, each)] for each in told):
                yield f"{place}[{number}]: like none that is told"
    elif isinstance(shown, dict) and isinstance(told, dict):
        for key in shown.keys() ^ told.keys():
            yield f"{place}.{key}"
        for key in shown.keys() & told.keys():
            yield from apart(shown[key], told[key], f"{place}.{key}")
    elif type(shown) is not type(told):
        yield f"{place}: {shown!r}, not {told!r}"


def test_rooms_that_are_named_exist() -> None:
    """The table of imports names packages and modules of the exporter."""
    for block in blocks("rooms"):
        for room in re.findall(r"\w+", block.text):
            assert any((REPOSITORY / f"exporter/{room}{end}").exists() for end in ("", ".py")), (block.place, room)
