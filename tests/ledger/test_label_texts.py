"""Books of a label of free text: which texts are told, and what becomes of a label that was none."""

from dataclasses import replace
from pathlib import Path

from exporter.catalog.dataset import Dataset
from exporter.catalog.entry import Field, Label, Metric, MetricPart, gauge
from exporter.catalog.timing import Instant
from exporter.ledger.label_texts import Texts
from exporter.model import Answer
from tests.ledger.factories import ACCOUNT, CALLS, KIND, SCOPE, Scene, at, worker

WORDS = Dataset(
    name=CALLS.name,
    version=1,
    kind=KIND,
    id_dimension="tag",
    labels=(Label("agent", "userAgent"),),
    fields=(Field("requests"),),
    metrics=(Metric("cloudflare_calls_total", "Calls.", (MetricPart("requests"),), labels=("agent",), zeros=()),),
)
HASHES = replace(
    WORDS,
    labels=(Label("agent_hash", "userAgent", is_text=True),),
    metrics=(replace(WORDS.metrics[0], labels=("agent_hash",)),),
)
WAITING = Dataset(
    name="backlog",
    version=1,
    timing=Instant(),
    kind=KIND,
    id_dimension="tag",
    labels=(Label("message", "message", is_text=True),),
    fields=(Field("messages", "avg"),),
    metrics=(gauge("cloudflare_backlog_messages", "Messages that wait.", "messages", ("message",)),),
)

BOT = "Bot/1.0 (+https://bot.example)"
BOT_HASH = HASHES.labels[0].value(BOT)
SHOP = worker("w1", "shop")


def told(scene: Scene) -> Texts:
    """Return the texts of the only book."""
    (book,) = scene.ledger.publication(at("10:06")).books
    return book.texts


def shown(scene: Scene) -> dict[str, int]:
    """Return what is published of the Worker, by the value of the label."""
    return {value: amount for (_, _, value), amount in scene.series().items()}


def test_texts_are_told_once_their_asset_is_known() -> None:
    """A row without a text has none, and that of a stranger waits for its place like its usage."""
    scene = Scene(None, (HASHES,))
    scene.list("09:59", SHOP)
    scene.say("10:00", {})
    scene.say("10:01", {"10": {("w1", BOT): 1, ("w1", ""): 2, ("w2", "curl"): 3}})
    assert told(scene) == {"agent_hash": {BOT}}
    scene.list("10:05", SHOP, worker("w2", "api"))
    assert told(scene) == {"agent_hash": {BOT, "curl"}}


def test_gauges_have_texts_too() -> None:
    """Those of the readings that are known."""
    scene = Scene(None, (WAITING,))
    scene.list("09:59", SHOP)
    question = WAITING.question(SCOPE, at("10:05"), None)
    rows = {("w1", ("It is <late>.",)): (5,)}
    scene.ledger.apply(ACCOUNT.id, [Answer(question, at("10:05"), {at("10:04"): rows})], 0)
    assert told(scene) == {"message": {"It is <late>."}}


def test_series_with_words_end_where_a_label_becomes_a_text(tmp_path: Path) -> None:
    """It has another name then; totals go on, and what is counted from then on is with the hash."""
    scene = Scene(tmp_path, (WORDS,))
    scene.list("09:59", SHOP)
    for clock, calls in (("10:00", 0), ("10:01", 4), ("10:02", 4)):
        scene.say_and_scrape(clock, {"10": {("w1", BOT): calls}})
    assert shown(scene) == {BOT: 4}
    scene.reopen((HASHES,))
    for clock in ("10:03", "10:04", "10:05"):
        scene.say_and_scrape(clock, {"10": {("w1", BOT): 7}})
    assert shown(scene) == {BOT_HASH: 3}
    assert scene.ledger.totals(SCOPE, HASHES.key) == {("w1", (BOT,)): (7,)}
