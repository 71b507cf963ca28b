"""Whatever stands in the configuration, the environment or the command line: a value, or an error with its key."""

import re
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from exporter.alertmanager.document import write
from exporter.cli import build_parser
from exporter.config import Config, ConfigError, load_config, load_quantities
from exporter.config.config import AT_TOP
from exporter.config.selection import Selection
from exporter.config.yaml_text import YamlFault, parse_yaml
from exporter.pricing import load_card, with_overrides
from exporter.pricing.estimate import EstimateError, EstimateRequest, as_document, change, estimate
from exporter.pricing.rules import PAID_PLAN
from tests.fuzz.budget import fuzzed

EXAMPLES = 40
"""The number of inputs for each property."""

FUZZED = fuzzed(EXAMPLES)

CARD = load_card()
NOW = datetime(2026, 11, 30, tzinfo=UTC)

NUMBERS = st.sampled_from(
    [
        "0",
        "1",
        "-1",
        "0.5",
        "1e400",
        "1.0e+400",
        "-1e-400",
        "1e999999999",
        ".inf",
        ".nan",
        "0x1F",
        "017",
        "1_000",
        "9" * 30,
    ]
)
WORDS = st.sampled_from(
    (
        *(
            "",
            " ",
            "*",
            "[",
            "(",
            "auto",
            "30s",
            "99999y",
            "1.5h",
            "a:b",
            "monday:friday",
            "22:00-06:00",
            "Europe/Berlin",
        ),
        *(
            "../x",
            "http://a",
            "http://a:99999",
            "r2_class_a",
            "workers_paid",
            "0" * 32,
            "2026-02-30",
            "0001-01-01",
            "no",
        ),
    )
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.one_of(
    WORDS, NUMBERS, TEXTS, st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.integers(10**22, 10**26)
)
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3), max_leaves=4
)


def of_model(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Mappings with some of a section's keys, most with values of the right shape."""
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        if field.validation_alias == AT_TOP:
            fields |= {key: of_type(each.annotation) for key, each in Selection.model_fields.items()}
        else:
            fields[name] = of_type(field.annotation)
    needed = {name for name, field in model.model_fields.items() if field.is_required()}
    return st.fixed_dictionaries(
        {name: each for name, each in fields.items() if name in needed},
        optional={name: each for name, each in fields.items() if name not in needed},
    )


def of_type(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of a type's shape, and junk."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return st.one_of([of_type(each) for each in inner if each is not NoneType])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return of_model(annotation) | SCALARS
    if origin is tuple:
        return st.lists(of_type(inner[0]), max_size=2) | SCALARS
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(WORDS | TEXTS, of_type(inner[1]), max_size=2) | SCALARS
    return SCALARS | JUNK


def use(config: Config) -> None:
    """Do with a configuration what the exporter does with it, as far as numbers and names go."""
    assert NOW + config.poll.refresh + config.poll.discovery > NOW
    rules = config.costs.rules()
    card = with_overrides(CARD, rules.overrides)
    usage = {meter: 10**23 for meter in (*CARD.meters, *(each.meter for each in rules.overrides))}
    as_document(estimate(card, usage, EstimateRequest(PAID_PLAN, NOW.date())))
    yaml.safe_load(write(config.alerting.routing, [], []))
    assert "hush" not in repr(config)


def load(text: str | bytes, environment: Mapping[str, str]) -> Config | None:
    """The configuration of a text, None if it is refused; each line of the refusal names its key."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exporter.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        try:
            return load_config(path, environment, None)
        except ConfigError as error:
            said = str(error)
    assert "hush" not in said
    first, *lines = said.splitlines()
    assert first.startswith(("The configuration file ", "CLOUDFLARE_")), said
    assert first.endswith(":") == bool(lines), said
    assert all(re.match(r"  \S.*: \S", line) for line in lines if line.startswith("  ")), said
    return None


@FUZZED
@given(of_model(Config))
def test_keys_of_the_configuration(document: Any) -> None:
    """Each key with values of any kind."""
    config = load(yaml.safe_dump(document, allow_unicode=True), {})
    if config is not None:
        use(config)


@FUZZED
@given(st.sampled_from(sorted(Config.model_fields)), st.data())
def test_one_section(section: str, data: st.DataObject) -> None:
    """Each section by itself, which is valid more often."""
    field = Config.model_fields[section]
    name = section if field.validation_alias != AT_TOP else "filters"
    annotation = field.annotation if name == section else Selection.model_fields["filters"].annotation
    config = load(yaml.safe_dump({name: data.draw(of_type(annotation))}, allow_unicode=True), {})
    if config is not None:
        use(config)


@FUZZED
@given(st.binary(max_size=40) | st.text(max_size=40) | st.text("{}[]:,&*!|>'\"%@`#-? \n\tab<~0.", max_size=40))
@example("&a [*a]")
@example("a: &a {b: *a}")
@example("<<: 1")
@example("? {a: 1}\n: b")
@example("!!set {a, b}")
@example("!!omap [a: 1]")
@example("!!binary x")
@example("!!int x")
@example("costs: &a {accounts: {x: *a}}")
@example("costs: {budgets: &a [*a]}")
@example('storage: {path: "\\0"}')
@example('costs: {budgets: [{name: "\\ud800", amount: 1}]}')
@example("2026-01-01T00:00:00+99:99")
@example("[" * 3000)
def test_any_text(text: str | bytes) -> None:
    """A text that is no configuration is refused; YAML itself says only what is wrong."""
    config = load(text, {})
    if config is not None:
        use(config)
    with suppress(YamlFault):
        parse_yaml(text)


ENVIRONMENT = st.dictionaries(
    st.sampled_from(
        ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN_FILE", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_URL"]
    ),
    WORDS | TEXTS | st.just("hush-hush") | st.lists(WORDS | TEXTS, max_size=3).map(",".join),
)


@FUZZED
@given(ENVIRONMENT, st.none() | TEXTS)
def test_the_environment(environment: Mapping[str, str], storage_path: str | None) -> None:
    """Variables of any content; a token that cannot be one is refused when it is read."""
    try:
        config = load_config(None, environment, storage_path)
        for token in config.cloudflare.tokens:
            assert token.secret().isascii()
    except ConfigError as error:
        named = environment.get("CLOUDFLARE_API_TOKEN_FILE", "")
        assert "hush" not in str(error).replace(f"the token file {named}", "")


@FUZZED
@given(st.dictionaries(st.sampled_from(sorted(CARD.meters)) | TEXTS, JUNK, max_size=4), st.data())
def test_quantities_and_changes(usage: Mapping[str, Any], data: st.DataObject) -> None:
    """A file of quantities with changes: costs, or an error that names the meter."""
    texts = st.one_of(NUMBERS, WORDS, TEXTS, st.decimals().map(str), st.fractions().map(str))
    signs = st.sampled_from(["x{}", "+{}%", "-{}%", "{}"])
    changes = data.draw(
        st.dictionaries(
            st.sampled_from([*CARD.meters, "workers_*", "["]),
            st.builds(lambda sign, text: sign.format(text), signs, texts),
            max_size=3,
        )
    )
    request = EstimateRequest(
        data.draw(st.sampled_from(sorted(CARD.plans))), NOW.date(), data.draw(st.none() | st.dates())
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "usage.yml"
        path.write_text(yaml.safe_dump(dict(usage), allow_unicode=True), encoding="utf-8")
        try:
            found = estimate(CARD, change(load_quantities(path), changes), request)
        except (EstimateError, ConfigError) as error:
            assert str(error)
            return
    assert all(isinstance(line.usd, Decimal) for line in found.lines)
    as_document(found)


FLAGS = {
    "serve": ("--web.listen-address", "--web.telemetry-path", "--alerting.grafana-url", "--alerting.prometheus-url"),
    "demo": ("--simulator.listen-address", "--simulator.speed", "--simulator.lateness", "--log.level", "--log.format"),
    "price": ("--date", "--plan", "--rounding", "--output"),
    "costs": ("--by", "--output"),
    "report": ("--period", "--output"),
    "assets": ("--kind", "--sort", "--output"),
    "check": ("--output",),
    "alertmanager-config": ("--webhook",),
}


@FUZZED
@given(st.sampled_from([(command, flag) for command, flags in FLAGS.items() for flag in flags]), st.data())
@example(("demo", "--simulator.speed"), None)
def test_values_of_flags(flag: tuple[str, str], data: st.DataObject | None) -> None:
    """A value that can be used, or one line of usage with the flag and exit code 2."""
    addresses = st.sampled_from([":1", "[::1]:1", "[::1%lo]:1", "a:99999", "a:٣", "é:1", "[]:1", "a b:1", "://:1"])
    text = data.draw(st.one_of(NUMBERS, WORDS, TEXTS, addresses, st.floats().map(str))) if data else "nan"
    command, name = flag
    said = StringIO()
    try:
        with redirect_stderr(said):
            options = build_parser().parse_args([command, f"{name}={text}"])
    except SystemExit as ended:
        assert ended.code == 2
        assert said.getvalue().rpartition("cloudflare-exporter ")[2].startswith((f"{command}: error: ", "["))
        return
    if command == "demo":
        assert 0 < options.simulator_speed < 10**6
        assert options.simulator_lateness is None or NOW + options.simulator_lateness
    if command == "serve":
        for address in options.web_listen_address or ():
            assert 0 <= address.port <= 65535
    if command == "price" and options.date is not None:
        assert isinstance(options.date, date)
