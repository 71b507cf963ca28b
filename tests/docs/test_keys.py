"""Keys of the configuration in sentences exist, and the example that configuration.md gives of a key is one."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.settings import settings
from exporter.config import Config, ConfigError, load_config
from tests.docs.examples import spans

FOREIGN = {
    "alerting.alertmanagers": "of prometheus.yml, as the sentence says",
    "web.yml": "a file",
}
"""Spans that look like a key of the configuration and are none, and why."""

BESIDE: dict[str, tuple[str, dict[str, Any]]] = {
    "alerting.thresholds[].severity": ("alerting.thresholds[]", {"alert": "CloudflareWorkerErrorBudgetBurn"}),
    "alerting.routing.mute_times[].teams": ("alerting.routing", {"teams": [{"name": "shop", "projects": ["shop"]}]}),
    "costs.prices[].price": ("costs.prices[]", {"discount": None}),
}
"""What has to stand beside the example of a key, and in which section."""

KEYS = dict(settings())
KEY = re.compile(rf"(?:{'|'.join(Config.model_fields)})(?:\.[a-z_]+)+")
SETTING = re.compile(rf"({KEY.pattern}): (\S.*)")


def nested(key: str, value: Any) -> Any:
    """Return a document in which a key has a value; an entry of a list has what its own example has, too."""
    where, beside = BESIDE.get(key, ("", {}))
    steps = key.split(".")
    for number in reversed(range(len(steps))):
        above, step = ".".join(steps[:number]), steps[number]
        if step.endswith("[]"):
            step = step.removesuffix("[]")
            around = KEYS[f"{above}.{step}".lstrip(".")].examples
            assert around
            extra = beside if where == ".".join(steps[: number + 1]) else {}
            value = [{**around[0][0], **extra, **value}]
        value = {step: value, **(beside if where == above else {})}
    return value


def test_keys_in_sentences_exist() -> None:
    """A key with a dot that a sentence names is one of the configuration."""
    known = {re.sub(r"\[\]|\.NAME", "", key) for key in KEYS}
    named = {found[0]: span.place for span in spans() if (found := KEY.match(span.text.replace("[]", "")))}
    assert named.keys() - known == FOREIGN.keys(), [named[key] for key in named.keys() - known]


def test_settings_in_sentences_are_accepted(tmp_path: Path) -> None:
    """A key that a sentence gives with its value may have it."""
    found = [(span.place, match) for span in spans() if (match := SETTING.fullmatch(span.text))]
    assert found
    refused = []
    for place, match in found:
        file = tmp_path / "exporter.yml"
        file.write_text(yaml.safe_dump(nested(match[1], yaml.safe_load(match[2]))), encoding="utf-8")
        try:
            load_config(file, {}, None)
        except ConfigError as error:
            refused.append(f"{place}: {error}")
    assert refused == []


@pytest.mark.parametrize("key", [key for key, field in KEYS.items() if field.examples])
def test_the_examples_of_a_key_are_accepted(key: str) -> None:
    """The key may have each value that is its example."""
    for example in KEYS[key].examples or ():
        Config.model_validate(nested(key, example))
