"""A simulated Cloudflare: the HTTP API, a deterministic model of accounts, and an oracle that knows all usage.

It shares nothing with the rest of the exporter, so that a misunderstanding of Cloudflare's API cannot be in both.
"""

from exporter.simulator.arrival import LONG_INVOCATIONS, USUAL_ARRIVAL, Curve
from exporter.simulator.clock import Clock, ManualClock, SystemClock
from exporter.simulator.demo import DEMO_ACCOUNT_ID, DEMO_TOKEN, demo_world
from exporter.simulator.documents import Documents
from exporter.simulator.faults import Fault, Kind
from exporter.simulator.incident import Incident, Mishap
from exporter.simulator.scenes import scene_world
from exporter.simulator.server import run, running, serve_simulator
from exporter.simulator.simulator import Simulator
from exporter.simulator.traffic import Traffic
from exporter.simulator.usage import UsageRows
from exporter.simulator.world import (
    AccountLimits,
    AccountModel,
    Asset,
    Bucket,
    BucketLists,
    Database,
    KvNamespace,
    Limits,
    ObjectNamespace,
    Queue,
    QueueConsumer,
    Sampling,
    Subscription,
    TokenModel,
    Worker,
    World,
    Zone,
)

__all__ = [
    "DEMO_ACCOUNT_ID",
    "DEMO_TOKEN",
    "LONG_INVOCATIONS",
    "USUAL_ARRIVAL",
    "AccountLimits",
    "AccountModel",
    "Asset",
    "Bucket",
    "BucketLists",
    "Clock",
    "Curve",
    "Database",
    "Documents",
    "Fault",
    "Incident",
    "Kind",
    "KvNamespace",
    "Limits",
    "ManualClock",
    "Mishap",
    "ObjectNamespace",
    "Queue",
    "QueueConsumer",
    "Sampling",
    "Simulator",
    "Subscription",
    "SystemClock",
    "TokenModel",
    "Traffic",
    "UsageRows",
    "Worker",
    "World",
    "Zone",
    "demo_world",
    "run",
    "running",
    "scene_world",
    "serve_simulator",
]
