"""How much a document may ask at once, learned from what Cloudflare refuses and answers. Pure.

Cloudflare doesn't say how many nodes, zones and accounts are "too many", and it may be another number tomorrow.
"""

from dataclasses import dataclass, replace

GOOD_ANSWERS = 5
"""The answers to full documents after which a larger one is tried."""

BELIEVED = 6 * 3_600.0
"""The seconds for which what was refused is not tried again."""


@dataclass(frozen=True, slots=True)
class DocumentSize:
    """How much a document may ask: ``most`` now, and never more than ``limit``.

    ``answered`` is the most that was answered since ``refused``, the least that was refused at ``refused_at`` (in
    monotonic seconds); ``good`` counts the answers to full documents since the size last changed.
    """

    most: int
    limit: int
    answered: int = 0
    good: int = 0
    refused: int | None = None
    refused_at: float = 0.0

    def after_refusal(self, size: int, now: float) -> "DocumentSize":
        """Return the size after a document that asked ``size`` was too large.

        It is halved, but not below what was answered before.
        """
        answered = self.answered if self.answered < size else 0
        most = min(self.most, max(size // 2, answered, 1))
        return replace(self, most=most, answered=answered, good=0, refused=size, refused_at=now)

    def after_answer(self, size: int, now: float, *, has_more: bool) -> "DocumentSize":
        """Return the size after a document that asked ``size`` was answered; others wait if it ``has_more``.

        Only what waits for room needs more of it. The size is doubled, or goes half of the way to what was refused.
        """
        refused = self.refused if now < self.refused_at + BELIEVED else None
        known = replace(self, answered=max(self.answered, size), refused=refused)
        if not has_more or 2 * size <= self.most:
            return known
        if self.good + 1 < GOOD_ANSWERS:
            return replace(known, good=self.good + 1)
        most = min(2 * self.most, self.limit)
        if refused is not None:
            most = min(most, max((self.most + refused) // 2, self.most))
        return replace(known, most=most, good=0)
