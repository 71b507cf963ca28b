"""What the services document that they accept, as checks: each gives what is wrong, and nothing if all is right.

Discord's execute-webhook and embed limits, Slack's incoming webhooks with attachments, PagerDuty's Events API v2,
Telegram's sendMessage with HTML, and version 4 of Alertmanager's own webhook.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

Check = Callable[[Any], bool]

_URL = re.compile(r"https?://[\w.\[\]:-]+(/[^\s<>\"|\\]*)?")
_SLACK_TEXT = re.compile(r"(?:[^<>&]|&(?:amp|lt|gt);|<https?://[^<>|\s]+\|[^<>|]+>)*")
_SLACK_URL = re.compile(r"<(https?://[^<>|\s]+)\|")

TELEGRAM_TAGS = {"b", "strong", "i", "em", "u", "s", "a", "code", "pre"}
DAY_OF_NO_END = "0001-01-01T00:00:00Z"


def text(longest: int, shortest: int = 0) -> Check:
    """Return the check for a text of a bounded length."""
    return lambda value: isinstance(value, str) and shortest <= len(value) <= longest


def whole(lowest: int, highest: int) -> Check:
    """Return the check for a number."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def one_of(*words: Any) -> Check:
    """Return the check for one of some values."""
    return lambda value: value in words


def flag(value: Any) -> bool:
    """Return whether a value is true or false."""
    return isinstance(value, bool)


def address(value: Any) -> bool:
    """Return whether a value is an address that can be followed."""
    return isinstance(value, str) and bool(_URL.fullmatch(value)) and len(value) <= 8_000


def moment(value: Any) -> bool:
    """Return whether a value is a moment of RFC 3339."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(re.sub(r"\.\d+", "", value)).tzinfo is not None
    except ValueError:
        return False


def maybe(check: Check) -> Check:
    """Return the check for something that may also be empty."""
    return lambda value: value in (None, "") or check(value)


def words(value: Any) -> bool:
    """Return whether a value is a mapping from text to text."""
    return isinstance(value, dict) and all(isinstance(part, str) for pair in value.items() for part in pair)


def fields(
    where: str, value: Any, required: Mapping[str, Check], optional: Mapping[str, Check] | None = None
) -> Iterator[str]:
    """Say what of an object is missing, unknown or wrong."""
    if not isinstance(value, dict):
        yield f"{where} is no object"
        return
    known = {**required, **(optional or {})}
    yield from (f"{where}.{key} is missing" for key in required if key not in value)
    yield from (f"{where}.{key} is unknown" for key in value if key not in known)
    yield from (
        f"{where}.{key} is wrong: {value[key]!r}" for key in value if key in known and not known[key](value[key])
    )


def discord(body: Any) -> Iterator[str]:
    """Check the body of an execute-webhook request."""
    embeds: Check = lambda value: isinstance(value, list) and 1 <= len(value) <= 10  # noqa: E731
    yield from fields(
        "body",
        body,
        {"embeds": embeds},
        {"content": text(2_000), "username": text(80), "avatar_url": maybe(address), "tts": flag},
    )
    for embed in body.get("embeds", []):
        yield from fields(
            "embed",
            embed,
            {"title": text(256, 1), "description": text(4_096, 1), "color": whole(0, 0xFFFFFF)},
            {"url": maybe(address), "timestamp": moment},
        )
        yield from unlinked(embed["description"], re.findall(r"(?<!\\)\]\(([^)]*)\)", embed["description"]))


def slack(body: Any) -> Iterator[str]:
    """Check the body of an incoming webhook."""
    attachments: Check = lambda value: isinstance(value, list) and len(value) == 1  # noqa: E731
    yield from fields(
        "body",
        body,
        {"attachments": attachments},
        {"text": text(40_000), "username": text(80), "channel": text(80), "link_names": flag},
    )
    for attachment in body.get("attachments", []):
        yield from fields(
            "attachment",
            attachment,
            {
                "fallback": text(1_000, 1),
                "color": lambda value: bool(re.fullmatch(r"good|warning|danger|#[0-9A-Fa-f]{6}", str(value))),
                "title": text(1_024, 1),
                "title_link": address,
                "text": text(8_000, 1),
                "footer": text(300, 1),
                "mrkdwn_in": lambda value: isinstance(value, list) and set(value) <= {"text", "pretext", "fields"},
            },
            {"pretext": text(0), "callback_id": text(255), "ts": whole(0, 2**40)},
        )
        for key in ("title", "text", "fallback"):
            if not _SLACK_TEXT.fullmatch(attachment[key]):
                yield f"attachment.{key} is not escaped: {attachment[key]!r}"
        yield from unlinked(attachment["text"], _SLACK_URL.findall(attachment["text"]))


def pagerduty(body: Any) -> Iterator[str]:
    """Check an event of the Events API v2."""
    is_trigger = isinstance(body, dict) and body.get("event_action") == "trigger"
    objects: Check = lambda value: isinstance(value, list)  # noqa: E731
    needed: dict[str, Check] = {
        "routing_key": text(32, 32),
        "event_action": one_of("trigger", "resolve"),
        "dedup_key": text(255, 1),
        "payload": lambda value: isinstance(value, dict),
    }
    yield from fields(
        "body",
        body,
        needed,
        {"client": text(255, 1), "client_url": maybe(address), "links": objects, "images": objects},
    )
    for link in body.get("links") or []:
        yield from fields("link", link, {"href": address, "text": text(255, 1)})
    yield from fields(
        "payload",
        body.get("payload"),
        {"summary": text(1_024, 1), "source": text(255, 1), "severity": one_of("critical", "error", "warning", "info")},
        {
            "timestamp": moment,
            "component": text(255),
            "group": text(255),
            "class": text(255),
            # Alertmanager 0.33 reads texts that look like YAML: numbers and mappings are as good.
            "custom_details": lambda value: isinstance(value, dict),
        },
    )
    if is_trigger and not body["payload"].get("custom_details"):
        yield "payload.custom_details is empty"


def telegram(body: Any) -> Iterator[str]:
    """Check the parameters of sendMessage; they may be text, as in a form."""
    yield from fields(
        "body",
        body,
        {
            "chat_id": lambda value: bool(re.fullmatch(r"-?\d+", str(value))),
            "text": text(9_500, 1),
            "parse_mode": one_of("HTML"),
        },
        {
            "disable_web_page_preview": lambda value: str(value).lower() in {"true", "false"},
            "disable_notification": lambda value: str(value).lower() in {"true", "false"},
        },
    )
    reader = Markup(TELEGRAM_TAGS)
    yield from reader.faults(body["text"])
    if len(reader.text) > 4_096:
        yield f"text has {len(reader.text)} characters"
    if len(body["text"]) > 4_096:
        yield "text is longer than Alertmanager 0.25 leaves whole"
    if reader.text != reader.text.strip():
        yield "text has blanks around it"


def webhook(body: Any) -> Iterator[str]:
    """Check what Alertmanager posts to a webhook."""
    status = one_of("firing", "resolved")
    yield from fields(
        "body",
        body,
        {
            "version": one_of("4"),
            "groupKey": text(4_096, 1),
            "truncatedAlerts": whole(0, 0),
            "status": status,
            "receiver": text(100, 1),
            "groupLabels": words,
            "commonLabels": words,
            "commonAnnotations": words,
            "externalURL": address,
            "alerts": lambda value: isinstance(value, list) and bool(value),
        },
        # Of Alertmanager 0.33.
        {"notification_reason": text(100)},
    )
    for alert in body.get("alerts", []):
        yield from fields(
            "alert",
            alert,
            {
                "status": status,
                "labels": words,
                "annotations": words,
                "startsAt": moment,
                "endsAt": lambda value: value == DAY_OF_NO_END or moment(value),
                "generatorURL": maybe(address),
                "fingerprint": lambda value: bool(re.fullmatch(r"[0-9a-f]{16}", str(value))),
            },
        )


def unlinked(where: str, links: list[str]) -> Iterator[str]:
    """Say which of some links can't be followed, and whether there is none."""
    yield from (f"no address: {link!r}" for link in links if not address(link.replace("&amp;", "&")))
    if not links:
        yield f"no link in {where!r}"


class Markup(HTMLParser):
    """Reads HTML strictly: known tags, closed in order, addresses in links, and nothing that is not escaped."""

    def __init__(self, tags: set[str], void: set[str] | None = None) -> None:
        super().__init__(convert_charrefs=False)
        self._tags = tags
        self._void = void or set()
        self._open: list[str] = []
        self._faults: list[str] = []
        self.text = ""
        self.links: list[str] = []

    def faults(self, page: str) -> list[str]:
        """Return what is wrong with a page."""
        self.feed(page)
        self.close()
        self._faults += [f"<{tag}> is not closed" for tag in self._open]
        self._faults += list(unlinked(page, self.links))
        return self._faults

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read the beginning of an element."""
        if tag not in self._tags | self._void:
            self._faults.append(f"<{tag}> is not allowed")
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")
        if tag not in self._void:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Read the end of an element."""
        if not self._open or self._open.pop() != tag:
            self._faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        """Read text."""
        if "<" in data or "&" in data:
            self._faults.append(f"not escaped: {data!r}")
        self.text += data

    def handle_entityref(self, name: str) -> None:
        """Read an entity; Telegram knows four."""
        known = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
        if name not in known:
            self._faults.append(f"&{name}; is unknown")
        self.text += known.get(name, "")

    def handle_charref(self, name: str) -> None:
        """Read a character by its number."""
        self.text += chr(int(name[1:], 16) if name.startswith("x") else int(name))
