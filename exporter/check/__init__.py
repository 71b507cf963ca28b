"""The check before a deployment: what of a configuration, its tokens and its state folder will work.

Nothing is written to Cloudflare, and nothing is left behind on the machine.
"""

from exporter.check.bearer import Bearer
from exporter.check.checker import PATIENCE, Checker
from exporter.check.document import as_json
from exporter.check.findings import Finding, Level, Report, Topic, refusal
from exporter.check.needs import beside_exporter
from exporter.check.storage import folder_findings, memory_findings
from exporter.check.surroundings import Surroundings, look_around
from exporter.check.table import as_table

__all__ = [
    "PATIENCE",
    "Bearer",
    "Checker",
    "Finding",
    "Level",
    "Report",
    "Surroundings",
    "Topic",
    "as_json",
    "as_table",
    "beside_exporter",
    "folder_findings",
    "look_around",
    "memory_findings",
    "refusal",
]
