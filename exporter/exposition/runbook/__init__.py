"""The page of the runbook, to which alerts link: an entry with an anchor for each.

``text.html`` is written by ``make docs`` from the repository's ``alerting/runbook.md``.
"""

from exporter.exposition.runbook.endpoint import RunbookEndpoint

__all__ = ["RunbookEndpoint"]
