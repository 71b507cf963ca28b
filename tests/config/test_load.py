"""The configuration."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from exporter.config import Config, ConfigError, load_config, parse_duration

SECRET = "hush-0123456789-do-not-show"
ACCOUNT = "0123456789abcdef0123456789abcdef"
NOT_AN_ACCOUNT = "must be an account id (32 lowercase hexadecimal digits, as in the dashboard's address bar)"


def write(folder: Path, text: str) -> Path:
    """A configuration file."""
    path = folder / "exporter.yml"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str, **environment: str) -> Config:
    """The configuration of a file and an environment."""
    return load_config(write(folder, text), environment, None)


def fail(folder: Path, text: str, **environment: str) -> str:
    """The message with which a configuration is refused; it never shows the token."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, **environment)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value)
    return str(caught.value)


def test_everything_has_a_default() -> None:
    """Without file and environment only the token is missing."""
    config = load_config(None, {}, None)
    assert config.cloudflare.api_url == "https://api.cloudflare.com/client/v4"
    assert config.cloudflare.tokens == ()
    assert config.poll.refresh == timedelta(seconds=60)
    assert config.poll.discovery == timedelta(minutes=10)
    assert config.storage.folder() == Path("data")


def test_a_file_says_everything(tmp_path: Path) -> None:
    """Every key of the file arrives where it belongs."""
    config = load(
        tmp_path,
        f"""
        cloudflare:
          api_url: http://127.0.0.1:8080/client/v4
          tokens:
            - {{token: {SECRET}, accounts: [{ACCOUNT}]}}
            - {{token_file: /run/secrets/token}}
        poll: {{refresh: 90s, discovery: 1h30m}}
        storage: {{path: /var/lib/exporter}}
        """,
    )
    assert config.cloudflare.api_url == "http://127.0.0.1:8080/client/v4"
    assert [token.accounts for token in config.cloudflare.tokens] == [(ACCOUNT,), ()]
    assert config.cloudflare.tokens[0].secret() == SECRET
    assert config.cloudflare.tokens[1].token_file == Path("/run/secrets/token")
    assert config.poll.refresh == timedelta(seconds=90)
    assert config.poll.discovery == timedelta(minutes=90)
    assert config.storage.folder() == Path("/var/lib/exporter")


def test_a_file_says_what_is_chosen(tmp_path: Path) -> None:
    """Accounts, projects and filters arrive as choices, which hold nothing that is secret."""
    config = load(
        tmp_path,
        f"""
        cloudflare: {{tokens: [{{token: {SECRET}}}]}}
        accounts:
          include: ["Example *"]
          exclude: [Sandbox]
          alias: {{{ACCOUNT}: production}}
        projects:
          - match: {{name: "shop-*", kind: worker, account: production}}
            project: shop
          - {{match: {{regex: "blog|blog-.*", tag: "team:*"}}, project: blog}}
        filters:
          products: {{include: [workers, "d*"]}}
          assets: {{exclude: ["worker/*-preview"]}}
          metrics: {{exclude: ["*_bytes_total"]}}
        """,
    )
    selection = config.selection
    assert selection.accounts.alias == {ACCOUNT: "production"}
    assert [rule.project for rule in selection.projects] == ["shop", "blog"]
    assert selection.filters.products.include == ("workers", "d*")
    assert SECRET not in f"{selection.model_dump()}"


def test_a_token_and_a_file_of_one_are_refused() -> None:
    """Which one is meant nobody can know; neither is quoted."""
    environment = {"CLOUDFLARE_API_TOKEN": "secret", "CLOUDFLARE_API_TOKEN_FILE": "/run/token"}
    with pytest.raises(ConfigError) as caught:
        load_config(None, environment, None)
    assert str(caught.value) == (
        "CLOUDFLARE_API_TOKEN and CLOUDFLARE_API_TOKEN_FILE are both set: set only one of them."
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("pol: {}", "pol: unknown key. Did you mean poll?"),
        ("filter: {}", "filter: unknown key. Did you mean filters?"),
        ("filters: {metrics: {exlude: [a]}}", "filters.metrics.exlude: unknown key. Did you mean exclude"),
        ("cloudflare: {tokens: [{tokenfile: a}]}", "cloudflare.tokens[0].tokenfile: unknown key. Did you mean token"),
        ("costs: {accounts: {a: {cycl_day: 3}}}", "costs.accounts.a.cycl_day: unknown key. Did you mean cycle_day"),
        ("alerting: {routing: {teams: [{nmae: a}]}}", "alerting.routing.teams[0].nmae: unknown key. Did you mean name"),
        ("quite_another: 1", "quite_another: unknown key"),
    ],
)
def test_a_key_that_is_misspelt_gets_a_suggestion(tmp_path: Path, text: str, line: str) -> None:
    """Of the keys that there are at its place, in lists and under names of one's own, too."""
    assert f"\n  {line}" in fail(tmp_path, text)


def test_a_choice_that_is_wrong_is_named_by_its_key(tmp_path: Path) -> None:
    """All wrong rules, globs and aliases come in one message."""
    message = fail(
        tmp_path,
        """
        accounts: {alias: {shop: production}}
        projects:
          - {match: {regex: "shop-("}, project: shop}
          - {match: {kind: bucket}, project: ""}
          - {match: {}, project: shop}
        filters: {products: {exclude: [wokers]}, zones: {}}
        """,
    )
    keys = [line.split(": ")[0].strip() for line in message.splitlines()[1:]]
    assert keys == [
        "accounts.alias.shop",
        "projects[0].match.regex",
        "projects[1].match.kind",
        "projects[1].project",
        "projects[2].match",
        "filters.products.exclude[0]",
        "filters.zones",
    ]


def described(section: type[BaseModel]) -> Iterator[tuple[str, str | None]]:
    """Each key of a section and of those below it, with its description."""
    for name, field in section.model_fields.items():
        yield name, field.description
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from described(inner)


def test_every_key_is_described() -> None:
    """The documentation is made of these sentences."""
    assert {name for name, sentence in described(Config) if not (sentence and sentence.endswith("."))} == set()


def test_a_token_is_never_shown(tmp_path: Path) -> None:
    """Neither the configuration's repr nor its text holds the token."""
    config = load(tmp_path, f"cloudflare: {{tokens: [{{token: {SECRET}}}]}}")
    assert SECRET not in f"{config!r}{config}{config.cloudflare.tokens[0]!r}{config.model_dump()}"


def test_the_selection_has_no_key_of_its_own(tmp_path: Path) -> None:
    """Accounts, projects and filters stand at the top of the file, and nowhere else."""
    assert "  selection: unknown key" in fail(tmp_path, "selection: {filters: {}}")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "cloudflare:\n", "poll:\n", "storage:\n"])
def test_what_is_empty_has_its_defaults(tmp_path: Path, text: str) -> None:
    """An empty file, or a section whose lines are all commented out, says nothing and is no error."""
    assert load(tmp_path, text) == Config()


def test_every_error_is_reported_at_once_with_its_key(tmp_path: Path) -> None:
    """One message names all that is wrong, where it stands."""
    message = fail(
        tmp_path,
        f"""
        cloudflare:
          api_url: ftp://api.cloudflare.com
          region: eu
          tokens:
            - {{token: {SECRET}, token_file: /run/secrets/token}}
            - {{accounts: [{ACCOUNT}]}}
            - {{token: {SECRET}, accounts: [{ACCOUNT}, shop]}}
            - {SECRET}
        poll: {{refresh: 60, discovery: soon, often: true}}
        storage: [data]
        plugins: {{}}
        """,
    )
    title, url, *others = message.splitlines()
    assert title == f"The configuration file {tmp_path / 'exporter.yml'} is not valid:"
    assert url.startswith("  cloudflare.api_url: ")
    assert others == [
        "  cloudflare.tokens[0]: set either token or token_file",
        "  cloudflare.tokens[1]: set either token or token_file",
        f"  cloudflare.tokens[2].accounts[1]: {NOT_AN_ACCOUNT}",
        "  cloudflare.tokens[3]: Input should be a valid dictionary or instance of Token",
        "  cloudflare.region: unknown key",
        "  poll.refresh: must be a duration such as 30s, 10m or 1h30m",
        "  poll.discovery: must be a duration such as 30s, 10m or 1h30m",
        "  poll.often: unknown key",
        "  storage: Input should be a valid dictionary or instance of Storage",
        "  plugins: unknown key",
    ]


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1w1d", timedelta(days=8)),
        ("1y", timedelta(days=365)),
        ("0s", timedelta(0)),
    ],
)
def test_durations_are_prometheus_durations(text: str, duration: timedelta) -> None:
    """Every unit of Prometheus and their sums are read."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "60", "1.5h", "-1s", "1 m", "1S", "s", "1m!", 60, None])
def test_what_is_no_duration_is_refused(text: object) -> None:
    """Numbers without a unit, fractions and signs are errors."""
    with pytest.raises(ValueError, match="must be a duration such as 30s, 10m or 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["101y", "36500d1ms", "9" * 30 + "y", "9" * 5000 + "s"])
def test_durations_have_a_greatest_length(text: str) -> None:
    """What exceeds a century is an error, so that adding it to a time gives a time."""
    with pytest.raises(ValueError, match="must be at most 100y"):
        parse_duration(text)


@pytest.mark.parametrize("key", ["refresh", "discovery"])
def test_intervals_have_a_least_length(tmp_path: Path, key: str) -> None:
    """Less than a second is refused."""
    message = fail(tmp_path, f"poll: {{{key}: 999ms}}")
    assert message.endswith(f"  poll.{key}: Input should be greater than or equal to 1 second")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"cloudflare:\n  tokens: [{SECRET}\npoll: {{}}\n", ", line 3"),
        (f"cloudflare:\n\ttoken: {SECRET}\n", ", line 2"),
        (f"token: {SECRET}: {SECRET}\n", ", line 1"),
        (f"token: {SECRET}\x07\n", ""),
        ("poll: {refresh: !!bool 7}\n", ""),
    ],
)
def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path, text: str, place: str) -> None:
    """The message gives the line where there is one, and quotes nothing."""
    assert fail(tmp_path, text) == f"The configuration file {tmp_path / 'exporter.yml'}{place} is not valid YAML."


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are not YAML either."""
    path = tmp_path / "exporter.yml"
    path.write_bytes(b"token: \xff\xfe")
    with pytest.raises(ConfigError, match="is not valid YAML"):
        load_config(path, {}, None)


def test_a_key_with_a_line_break_stays_on_its_line(tmp_path: Path) -> None:
    """Each error has one line."""
    message = fail(tmp_path, 'costs: {accounts: {"a\\nb: c\\e[1m": {cycle_day: 40}}}')
    assert message.splitlines()[1:] == [
        r"  costs.accounts.a\nb: c\x1b[1m.cycle_day: Input should be less than or equal to 31"
    ]


@pytest.mark.parametrize("text", ["- a\n- b\n", "words\n", "5\n"])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    """The top of the file has to hold keys."""
    assert fail(tmp_path, text).endswith("must be a mapping of keys to values.")


def test_a_section_without_keys_is_refused(tmp_path: Path) -> None:
    """Something else in a section's place is named by its key, also where the environment adds to the section."""
    message = fail(tmp_path, "cloudflare: production\n", CLOUDFLARE_API_TOKEN=SECRET)
    assert message.splitlines()[1:] == ["  cloudflare: must be a mapping of keys to values"]


@pytest.mark.parametrize("name", ["missing.yml", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    """A missing file and a folder are named, with the reason."""
    with pytest.raises(ConfigError, match=r"^Cannot read the configuration file .*: (No such file|Is a directory)"):
        load_config(tmp_path / name, {}, None)


def test_the_environment_overrules_the_file(tmp_path: Path) -> None:
    """Token and API URL of the environment replace those of the file; the rest of the file stays."""
    config = load(
        tmp_path,
        "cloudflare: {api_url: http://file.test, tokens: [{token: a}, {token: b}]}\npoll: {refresh: 5s}\n",
        CLOUDFLARE_API_TOKEN=SECRET,
        CLOUDFLARE_API_URL="http://environment.test",
        CLOUDFLARE_ACCOUNT_ID=f" {ACCOUNT}, {'f' * 32},",
    )
    assert config.cloudflare.api_url == "http://environment.test"
    assert [token.secret() for token in config.cloudflare.tokens] == [SECRET]
    assert config.cloudflare.tokens[0].accounts == (ACCOUNT, "f" * 32)
    assert config.poll.refresh == timedelta(seconds=5)


def test_a_flag_overrules_everything(tmp_path: Path) -> None:
    """The storage path of the command line replaces that of the file; an empty one keeps the ledger in memory."""
    path = write(tmp_path, "storage: {path: /var/lib/exporter}")
    assert load_config(path, {}, "/elsewhere").storage.folder() == Path("/elsewhere")
    assert load_config(path, {}, "").storage.folder() is None
    assert load_config(path, {}, None).storage.folder() == Path("/var/lib/exporter")


def test_empty_variables_are_not_there(tmp_path: Path) -> None:
    """Compose files pass unset variables on as empty ones; the file then decides."""
    names = ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_TOKEN_FILE", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_URL")
    text = f"cloudflare: {{api_url: http://file.test, tokens: [{{token: {SECRET}}}]}}"
    config = load(tmp_path, text, **dict.fromkeys(names, ""))
    assert config.cloudflare.api_url == "http://file.test"
    assert [token.secret() for token in config.cloudflare.tokens] == [SECRET]


def test_accounts_need_a_token() -> None:
    """Account ids alone in the environment are a mistake."""
    with pytest.raises(ConfigError) as caught:
        load_config(None, {"CLOUDFLARE_ACCOUNT_ID": ACCOUNT}, None)
    assert str(caught.value) == "CLOUDFLARE_ACCOUNT_ID is set without a token: also set CLOUDFLARE_API_TOKEN."


@pytest.mark.parametrize("account", ["shop", ACCOUNT[:-1], ACCOUNT.upper(), f"{ACCOUNT}0"])
def test_an_account_id_has_32_hexadecimal_digits(account: str) -> None:
    """An account's name or half of an id is refused, without the token in the message."""
    with pytest.raises(ConfigError) as caught:
        load_config(None, {"CLOUDFLARE_API_TOKEN": SECRET, "CLOUDFLARE_ACCOUNT_ID": account}, None)
    assert str(caught.value) == f"The environment is not valid:\n  cloudflare.tokens[0].accounts[0]: {NOT_AN_ACCOUNT}"


@pytest.mark.parametrize("url", ["api.cloudflare.com", "https://", "https:///client/v4", "https://host:port", "x://h"])
def test_an_api_url_that_cannot_be_asked_is_refused(url: str) -> None:
    """Scheme, host and port are checked before anything starts."""
    with pytest.raises(ConfigError, match=r"cloudflare\.api_url"):
        load_config(None, {"CLOUDFLARE_API_URL": url}, None)


def token_from(path: Path) -> str:
    """The token that a file holds."""
    config = load_config(None, {"CLOUDFLARE_API_TOKEN_FILE": str(path)}, None)
    return config.cloudflare.tokens[0].secret()


def test_a_token_file_is_read(tmp_path: Path) -> None:
    """The line break at its end does not belong to the token."""
    path = tmp_path / "token"
    path.write_text(f"{SECRET}\n", encoding="utf-8")
    assert token_from(path) == SECRET


def test_a_token_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    """The message names the file and the reason."""
    with pytest.raises(ConfigError) as caught:
        token_from(tmp_path / "token")
    assert str(caught.value) == f"Cannot read the token file {tmp_path / 'token'}: No such file or directory."


def test_flags_of_alerting_overrule_the_file_key_by_key(tmp_path: Path) -> None:
    """What the file says beside them stays, and what is wrong in it is still refused."""
    path = write(
        tmp_path,
        "alerting:\n  prometheus_url: http://a.test\n"
        "  routing: {grafana_url: http://b.test, runbook_url: https://c.test/tree}\n",
    )
    said = {"routing": {"grafana_url": "http://grafana.test"}}
    alerting = load_config(path, {}, None, said).alerting
    assert alerting.prometheus_url == "http://a.test"
    assert (alerting.routing.grafana_url, alerting.routing.runbook_url) == (
        "http://grafana.test",
        "https://c.test/tree",
    )
    assert load_config(None, {}, None, said).alerting.routing.grafana_url == "http://grafana.test"
    with pytest.raises(ConfigError, match=r"alerting\.routing"):
        load_config(write(tmp_path, "alerting: {routing: everybody}\n"), {}, None, said)


@pytest.mark.parametrize(
    ("flag", "environment", "url"),
    [
        (None, {}, "https://file.test/cf"),
        (None, {"CLOUDFLARE_EXPORTER_EXTERNAL_URL": ""}, "https://file.test/cf"),
        (None, {"CLOUDFLARE_EXPORTER_EXTERNAL_URL": "https://environment.test"}, "https://environment.test"),
        ("https://flag.test/", {"CLOUDFLARE_EXPORTER_EXTERNAL_URL": "https://environment.test"}, "https://flag.test"),
    ],
)
def test_a_flag_overrules_the_environment_and_that_the_file(
    flag: str | None, environment: dict[str, str], url: str, tmp_path: Path
) -> None:
    """The external URL may be given in three places; its last slash is left out."""
    path = write(tmp_path, "web: {external_url: 'https://file.test/cf/'}\n")
    assert load_config(path, environment, None, external_url=flag).web.external_url == url
    assert load_config(None, {}, None).web.external_url is None


@pytest.mark.parametrize("url", ["monitoring.test", "ftp://a.test", "https://u:hush@a.test", "https://a.test/?b=c"])
def test_an_external_url_that_is_none_is_refused(url: str) -> None:
    """The message has an example and not what was given."""
    with pytest.raises(ConfigError, match=r"web\.external_url: must be a URL such as https://") as caught:
        load_config(None, {"CLOUDFLARE_EXPORTER_EXTERNAL_URL": url}, None)
    assert url not in str(caught.value)
