"""The check before a deployment: what will work of a configuration, its tokens and its state folder.

It writes nothing to Cloudflare and leaves nothing behind on the machine.
"""

from exporter.check.checker import PATIENCE, Checker
from exporter.check.credential import Credential
from exporter.check.document import as_json
from exporter.check.findings import CheckReport, Finding, Level, Topic, refusal
from exporter.check.host import Host, inspect_host
from exporter.check.request_budget import beside_exporter
from exporter.check.storage import folder_findings, memory_findings
from exporter.check.table import as_table

__all__ = [
    "PATIENCE",
    "CheckReport",
    "Checker",
    "Credential",
    "Finding",
    "Host",
    "Level",
    "Topic",
    "as_json",
    "as_table",
    "beside_exporter",
    "folder_findings",
    "inspect_host",
    "memory_findings",
    "refusal",
]
