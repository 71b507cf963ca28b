"""Where the links of alerts lead: rules are static files, so theirs are relative. Pure."""

import re
from dataclasses import dataclass

RUNBOOK_FILE = "alerting/runbook.md"
"""The runbook in the repository; the annotation ``runbook_url`` of each rule leads to an entry in it."""

RUNBOOK_PAGE = "runbook"
"""The exporter's own page of the runbook, with the same anchors."""

ABSOLUTE = "^https?://"


@dataclass(frozen=True, slots=True)
class AlertLinks:
    """The addresses that relative links start from; an empty one is not known.

    ``runbook_base`` is that of the repository or of the exporter, and ``runbook_page`` the runbook's place there.
    ``has_silences`` says whether Alertmanager has a page that silences alerts.
    """

    runbook_base: str = ""
    runbook_page: str = RUNBOOK_FILE
    grafana: str = ""
    has_silences: bool = True

    @classmethod
    def make(
        cls, external_url: str | None, runbook_url: str | None, grafana_url: str | None, *, has_silences: bool = True
    ) -> "AlertLinks":
        """Return the links; a runbook elsewhere comes before the exporter's own page at its external URL."""
        page = RUNBOOK_FILE if runbook_url else RUNBOOK_PAGE
        return cls((runbook_url or external_url or "").rstrip("/"), page, (grafana_url or "").rstrip("/"), has_silences)

    def runbook(self, annotation: str) -> str:
        """Return where an annotation ``runbook_url`` leads; as it is if that is not known."""
        return _based(self.runbook_base, re.sub(f"^/*{re.escape(RUNBOOK_FILE)}", self.runbook_page, annotation))

    def dashboard(self, annotation: str) -> str:
        """Return where an annotation ``dashboard_url`` leads; as it is if that is not known."""
        return _based(self.grafana, annotation)


def _based(base: str, link: str) -> str:
    return link if not base or not link or re.match(ABSOLUTE, link) else f"{base}/{link.lstrip('/')}"
