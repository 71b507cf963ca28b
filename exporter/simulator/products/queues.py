"""Queues: the list of an account's queues, the list of the consumers of each, and its backlog."""

from datetime import datetime
from typing import Any

from exporter.simulator.dataset import Dataset, Listing, PageSize, Resource, timestamp
from exporter.simulator.world import Queue, QueueConsumer

_MESSAGE_BYTES = 128


def backlog(queue: Queue, now: datetime) -> int:
    """Return the number of messages that wait: it rises for an hour, and then the queue is empty again."""
    return queue.weight * (int(now.timestamp()) // 60 % 60)


def _queue(queue: Queue, now: datetime) -> dict[str, Any]:
    return {
        "queue_id": queue.id,
        "queue_name": queue.name_at(now),
        "created_on": timestamp(queue.created),
        "modified_on": timestamp(queue.created),
        "producers_total_count": queue.producers,
        "consumers_total_count": queue.consumers,
        "settings": {
            "delivery_delay": 0,
            "delivery_paused": queue.is_paused,
            "message_retention_period": queue.retention_seconds,
        },
    }


def _metrics(queue: Queue, now: datetime) -> dict[str, Any]:
    waiting = backlog(queue, now)
    minute = int(now.timestamp()) // 60 * 60
    oldest = (minute - minute % 3_600) * 1_000 if waiting else 0
    return {
        "backlog_count": waiting,
        "backlog_bytes": waiting * _MESSAGE_BYTES,
        "oldest_message_timestamp_ms": oldest,
    }


def _consumer(consumer: QueueConsumer, _now: datetime) -> dict[str, Any]:
    entry = {
        "type": consumer.type,
        "consumer_id": consumer.id,
        "created_on": timestamp(consumer.created),
        "settings": {
            "batch_size": consumer.batch_size,
            "max_retries": 3,
            "max_wait_time_ms": consumer.max_wait_milliseconds,
        },
    }
    return {**entry, "script_name": consumer.script} if consumer.script else entry


DATASETS: tuple[Dataset, ...] = ()

LISTINGS = (
    Listing(
        path="/queues",
        product="queues",
        kind="queue",
        permission="queues",
        entry=_queue,
        page_size=PageSize(1, 100, 20),
    ),
    Listing(
        path="/queues/{parent}/consumers",
        product="queues",
        kind="queue_consumer",
        permission="queues",
        entry=_consumer,
        parent=lambda consumer: consumer.queue,
    ),
)

RESOURCES = (Resource(path="/queues/{}/metrics", product="queues", permission="queues", kind="queue", result=_metrics),)
