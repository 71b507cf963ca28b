"""Usage to exact totals: hours, settling, placement, persistence. The only room that imports sqlite3.

Nothing here speaks to Cloudflare, and no machine clock is read: all time is the ``Date`` of the answers.
"""

from exporter.ledger.ledger import Applied, Ledger, Publication
from exporter.ledger.roster import RosterKey
from exporter.ledger.store import CommitError

__all__ = ["Applied", "CommitError", "Ledger", "Publication", "RosterKey"]
