"""Log lines."""

import asyncio
import json
import logging

import pytest

from exporter.logs import LineFormatter, configure_logging, keys, logging_refresh


def record(message: str, *arguments: object, level: int = logging.WARNING) -> logging.LogRecord:
    """A record of the first second of 2025."""
    made = logging.LogRecord("exporter.poller", level, "poller.py", 1, message, arguments, None)
    made.created = 1735689600.25
    return made


def test_logfmt_quotes_what_needs_it() -> None:
    """Words stand bare; blanks, quotes and line breaks are quoted, so that a record is one line."""
    line = LineFormatter("logfmt").format(record('account %s says "no"\nand more', "Example"))
    assert line == (
        "ts=2025-01-01T00:00:00.250+00:00 level=warn logger=exporter.poller "
        'msg="account Example says \\"no\\"\\nand more"'
    )
    assert (
        LineFormatter("logfmt")
        .format(record("ready", level=logging.INFO))
        .endswith("level=info logger=exporter.poller msg=ready")
    )


def test_keys_say_what_a_line_is_about() -> None:
    """Keys follow the message, as fields of their own in both formats; empty ones are left out."""
    made = record("the dataset fails")
    vars(made).update(keys(account="a1", dataset="kv", reason="", state=None, attempt=2))
    assert LineFormatter("logfmt").format(made).endswith(' msg="the dataset fails" account=a1 dataset=kv attempt=2')
    fields = json.loads(LineFormatter("json").format(made))
    assert {name: fields[name] for name in ("account", "dataset", "attempt")} == {
        "account": "a1",
        "dataset": "kv",
        "attempt": "2",
    }
    assert {"reason", "state", "refresh"} & fields.keys() == set()


def test_a_line_carries_the_refresh_that_it_belongs_to() -> None:
    """Tasks and threads that a refresh starts log its id, also after the next has begun; nothing else does."""

    async def line() -> str:
        await asyncio.sleep(0)
        return await asyncio.to_thread(LineFormatter("logfmt").format, record("asked"))

    async def script() -> list[str]:
        with logging_refresh("7f3a-1"):
            first = asyncio.create_task(line())
        with logging_refresh("7f3a-2"):
            second = asyncio.create_task(line())
        return [await first, await second, await line()]

    first, second, outside = asyncio.run(script())
    assert first.endswith(" msg=asked refresh=7f3a-1")
    assert second.endswith(" msg=asked refresh=7f3a-2")
    assert outside.endswith(" msg=asked")


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\x1b", "\x00"])
def test_no_message_breaks_its_line(character: str) -> None:
    """Whatever Cloudflare calls a thing, the line stays one line and the terminal as it is."""
    line = LineFormatter("logfmt").format(record(f"a{character}b"))
    assert character not in line


def test_an_empty_message_is_quoted() -> None:
    """A field always has a value."""
    assert LineFormatter("logfmt").format(record("")).endswith('msg=""')


def test_json_is_one_object_a_line() -> None:
    """The same fields come as JSON, in the characters they are written in."""
    line = LineFormatter("json").format(record("Bücher\n%d", 2, level=logging.ERROR))
    assert json.loads(line) == {
        "ts": "2025-01-01T00:00:00.250+00:00",
        "level": "error",
        "logger": "exporter.poller",
        "msg": "Bücher\n2",
    }
    assert "ü" in line
    assert "\n" not in line


def test_a_traceback_is_a_field() -> None:
    """An exception does not spread over several lines."""
    made = record("failed")
    try:
        raise ValueError("too much")
    except ValueError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    line = LineFormatter("logfmt").format(made)
    assert "\n" not in line
    assert ' error="Traceback (most recent call last):\\n' in line
    assert line.endswith('ValueError: too much"')


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["debug", "info", "warn", "error"]),
        ("info", ["info", "warn", "error"]),
        ("warn", ["warn", "error"]),
        ("error", ["error"]),
    ],
)
def test_lines_go_to_standard_error_from_their_level_on(
    level: str, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each level shows itself and what is worse, and nothing goes to standard output."""
    configure_logging(level, "json")
    logger = logging.getLogger("exporter.test")
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logger.log(number, "said")
    output = capsys.readouterr()
    assert [json.loads(line)["level"] for line in output.err.splitlines()] == shown
    assert output.out == ""


def test_the_libraries_do_not_log_every_request(capsys: pytest.CaptureFixture[str]) -> None:
    """Even when debugging, the HTTP client and server say only what is at least a warning."""
    configure_logging("debug", "logfmt")
    for name in ("httpx", "httpcore.http11", "uvicorn.error"):
        logging.getLogger(name).info("GET /")
        logging.getLogger(name).warning("odd")
    assert [line.rpartition("msg=")[2] for line in capsys.readouterr().err.splitlines()] == ["odd", "odd", "odd"]
