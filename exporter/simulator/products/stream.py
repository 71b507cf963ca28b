"""Stream: what an account stores."""

from datetime import datetime
from typing import Any

from exporter.simulator.dataset import Resource
from exporter.simulator.world import AccountModel


def _storage_usage(account: AccountModel, now: datetime) -> dict[str, Any]:
    videos = int(now.timestamp()) // 86_400 % 100
    return {
        "creator": None,
        "totalStorageMinutes": videos * 2.5,
        "totalStorageMinutesLimit": 1_000,
        "videoCount": videos,
    }


RESOURCES = (Resource(path="/stream/storage-usage", product="stream", permission="stream", result=_storage_usage),)
