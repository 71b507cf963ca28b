"""YAML as it is read: what occurs twice, what is a number, and what cannot be read at all."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from exporter.config import ConfigError, load_config, load_quantities
from exporter.config.yaml_text import YamlFault, parse_yaml

PASTED = """\
accounts:
  exclude: [Sandbox]
costs:
  cycle_day: 14
poll: {refresh: 5m}
accounts:
  alias: {0123456789abcdef0123456789abcdef: production}
"""


def fault(text: str) -> str:
    """What is said of a text that is refused."""
    with pytest.raises(YamlFault) as caught:
        parse_yaml(text)
    return caught.value.of("FILE")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PASTED, "FILE has the key accounts twice, on lines 1 and 6: keep one, or merge the two."),
        ("a: {b: 1, b: 2}", "FILE has the key b twice, on line 1: keep one, or merge the two."),
        ("a:\n- b: 1\n- c:\n    d: 1\n    e: 2\n    d: 3", "FILE has the key d twice, on lines 4 and 6: keep"),
        ("a: 1\n'a': 2", "FILE has the key a twice, on lines 1 and 2: "),
        ("1: a\n1: b", "FILE has the key 1 twice, on lines 1 and 2: "),
        ("a: &x {b: 1, b: 2}\nc: *x", "FILE has the key b twice, on line 1: "),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n  <<: *x", "FILE has the key << twice, on lines 3 and 5: "),
        ("? {a: 1, a: 2}\n: b", "FILE has the key a twice, on line 1: "),
        ("a: 1\nb: 2\na: 3\nb: 4", "FILE has the key a twice, on lines 1 and 3: "),
        ("$2b$04$abc: 1\n$2b$04$abc: 2", "FILE has one key twice, on lines 1 and 2: "),
        ("my password: 1\nmy password: 2", "FILE has one key twice, on lines 1 and 2: "),
    ],
)
def test_a_key_twice_is_refused(text: str, said: str) -> None:
    """At any depth, with the lines of both; only names are shown."""
    assert fault(text).startswith(said)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 2}}),
        (
            "in: {deep: &y {<<: &x {b: 1}, b: 2}}\nout: {<<: *y, c: 3}",
            {"in": {"deep": {"b": 2}}, "out": {"b": 2, "c": 3}},
        ),
        ("a: {b: 1}\nc: {b: 1}", {"a": {"b": 1}, "c": {"b": 1}}),
        ("", None),
        ("# nothing", None),
    ],
)
def test_keys_that_are_merged_may_be_overridden(text: str, value: object) -> None:
    """``<<`` and aliases repeat keys without writing them twice."""
    assert parse_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("14", 14),
        ("-3", -3),
        ("1_000", 1000),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1.5e+3", 1500.0),
        ("1.5e3", 1500.0),
        ("0x10", "0x10"),
        ("0b11", "0b11"),
        ("017", "017"),
        ("22:00", "22:00"),
        ("1:30.5", "1:30.5"),
        ("2026-02-28", date(2026, 2, 28)),
        ("2026-02-30", "2026-02-30"),
        ("9" * 5000, "9" * 5000),
        ("no", False),
        ("!!timestamp soon", "soon"),
        ("~", None),
    ],
)
def test_numbers_are_decimal(text: str, value: object) -> None:
    """What looks like an octal number, a time or a day that does not exist is text, so that its key can be named."""
    assert parse_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 5000, "FILE is nested too deeply."),
        ("a: 1\n---\nb: 2", "FILE, line 2 is not valid YAML."),
        ("a: !!python/name:os.system", "FILE, line 1 is not valid YAML."),
        ('a: 1\nb: "\\ud800"', "FILE, line 2 has a text that is not valid Unicode."),
        ('"\\udfff": 1', "FILE, line 1 has a text that is not valid Unicode."),
        ("a: !!bool 7", "FILE is not valid YAML."),
        ("? [a]\n: b", "FILE, line 1 is not valid YAML."),
        ("a: *b", "FILE, line 1 is not valid YAML."),
    ],
)
def test_what_is_not_yaml(text: str, said: str) -> None:
    """One sentence, with the line if there is one."""
    assert fault(text) == said


def test_the_configuration_has_no_key_twice(tmp_path: Path) -> None:
    """As after an example has been pasted below a section that was there."""
    path = tmp_path / "exporter.yml"
    path.write_text(PASTED, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path, {}, None)
    assert str(caught.value) == (
        f"The configuration file {path} has the key accounts twice, on lines 1 and 6: keep one, or merge the two."
    )


def test_quantities_have_no_key_twice(tmp_path: Path) -> None:
    """A meter has one quantity."""
    path = tmp_path / "usage.yml"
    path.write_text("usage:\n  workers_requests: 1\n  workers_requests: 2.5\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(f"{path} has the key workers_requests twice, on lines 2 and 3")):
        load_quantities(path)


NUMBERS: dict[str, Any] = {
    "cloudflare.budget_share.graphql": "cloudflare: {budget_share: {graphql: %s}}",
    "cloudflare.budget_share.rest": "cloudflare: {budget_share: {rest: %s}}",
    "costs.cycle_day": "costs: {cycle_day: %s}",
    "costs.accounts.a.cycle_day": "costs: {accounts: {a: {cycle_day: %s}}}",
    "costs.prices[0].price": "costs: {prices: [{meter: r2_class_a, price: %s}]}",
    "costs.prices[0].discount": "costs: {prices: [{meter: r2_class_a, discount: %s}]}",
    "costs.prices[0].per": "costs: {prices: [{meter: r2_class_a, per: %s}]}",
    "costs.prices[0].included": "costs: {prices: [{meter: r2_class_a, included: %s}]}",
    "costs.budgets[0].amount": "costs: {budgets: [{name: a, amount: %s}]}",
    "alerting.thresholds[0].value": "alerting: {thresholds: [{alert: CloudflareWorkerErrorRatioHigh, "
    "severity: critical, value: %s}]}",
}
"""A file for each key that holds a number."""


@pytest.mark.parametrize(
    "number",
    [
        ".nan",
        "nan",
        ".inf",
        "-.inf",
        "Infinity",
        "1e400",
        "1e999999999",
        "1e-999999999",
        "-1",
        "0x10",
        "yes",
        "''",
        "9" * 40,
    ],
)
@pytest.mark.parametrize("key", list(NUMBERS))
def test_a_number_that_is_none_is_refused(tmp_path: Path, key: str, number: str) -> None:
    """What is not finite, too long, negative, hexadecimal or a word is refused with its key."""
    path = tmp_path / "exporter.yml"
    path.write_text(NUMBERS[key] % number, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(f"\n  {key}: ")):
        load_config(path, {}, None)
