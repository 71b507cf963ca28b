"""Analytics: complete answers to questions, in as few documents as the limits allow.

A full page is never accepted, the parts of a split question are answered together or not at all, and a fault of one
dataset, or of one zone, does not affect the others.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from exporter.catalog.dataset import Dataset
from exporter.cloudflare.choosing import share_words
from exporter.cloudflare.client import Client
from exporter.cloudflare.decode import HourRows, check_hours, decode_ids, decode_interval, decode_rows
from exporter.cloudflare.document_size import DocumentSize
from exporter.cloudflare.documents import MOST_ALIASES, Piece, build_document, count_aliases, fill_batch, take_batch
from exporter.cloudflare.errors import (
    SAID,
    CloudflareError,
    Forbidden,
    OverBudget,
    PageFull,
    Rejected,
    Throttled,
    TooLarge,
    Unreachable,
    speaks_of_part,
)
from exporter.cloudflare.joint_questions import JointQuestion, join_questions
from exporter.cloudflare.limits import (
    PAGE_LIMIT,
    DatasetLimits,
    build_settings_document,
    build_zone_settings_document,
    find_limits,
    read_settings,
    read_zone_settings,
)
from exporter.cloudflare.progress import Progress
from exporter.cloudflare.reader import NO_LIMITS, Asked
from exporter.cloudflare.recent_fields import RecentFields
from exporter.cloudflare.replies import Missing, Part, read_parts
from exporter.cloudflare.splits import Splits, split_piece
from exporter.cloudflare.zone_documents import (
    MOST_ZONE_NODES,
    MOST_ZONES,
    build_zone_document,
    divide,
    divide_zones,
    take_zone_batch,
)
from exporter.model import Account, Answer, BookKey, Question, Scope

LARGE_ROWS = 500
"""More rows than this are decoded in a thread, so that scrapes are answered meanwhile."""

MOST_PARTS = 256
"""The most pieces that full pages may add to a question before it fails."""


_Answered = tuple[Piece, Part | CloudflareError]


class Analytics:
    """The GraphQL API as one token may use it: the reader of nodes of accounts and zones."""

    def __init__(self, client: Client, page_limit: int = PAGE_LIMIT) -> None:
        self._client = client
        self._page_limit = page_limit
        self.splits = Splits()
        self.recent_fields = RecentFields(client)
        self._documents: dict[str, int] = {}
        self._asked: Counter[tuple[str, bool]] = Counter()
        self._size = DocumentSize(MOST_ALIASES, MOST_ALIASES)
        self._zone_size = DocumentSize(MOST_ZONE_NODES, MOST_ZONES * MOST_ALIASES)

    @property
    def most_zone_nodes(self) -> int:
        """The number of zones times aliases that a document asks at most, as far as is known."""
        return self._zone_size.most

    def cost(self, account_id: str) -> int:
        """Return the number of documents of an account's last refresh; 1 if there was none yet."""
        return self._documents.get(account_id, 1)

    def asked(self, account_id: str) -> int:
        """Return the number of documents sent about an account so far."""
        return self._asked[account_id, False] + self._asked[account_id, True]

    async def limits(self, account: Account, datasets: Sequence[Dataset]) -> dict[BookKey, DatasetLimits]:
        """Return the limits set by the account's plan and the token. Raises CloudflareError."""
        what, scope = f"Limits of account {account.name} ({account.id})", Scope(account.id)
        reply = await self._client.query(build_settings_document(datasets), {"account": account.id}, what, account.id)
        found = read_settings(reply.body, datasets, self._page_limit)
        if not found:
            raise Unreachable(f"{what}: Cloudflare's answer does not contain them.")
        return {BookKey(scope, key): limits for key, limits in found.items()}

    async def zone_limits(
        self, account: Account, datasets: Sequence[Dataset], zones: Sequence[str]
    ) -> dict[BookKey, DatasetLimits]:
        """Return the limits set by the plans of some zones of an account, as far as Cloudflare gives them."""
        found: dict[BookKey, DatasetLimits] = {}
        waiting = [list(zones[start : start + MOST_ZONES]) for start in range(0, len(zones), MOST_ZONES)]
        what, text = f"Limits of zones of account {account.name} ({account.id})", build_zone_settings_document(datasets)
        while waiting:
            some = waiting.pop(0)
            try:
                reply = await self._client.query(text, {"account": account.id, "zones": some}, what, account.id)
                settings = read_zone_settings(reply.body, datasets, self._page_limit)
            except (Rejected, Forbidden) as error:
                waiting += divide_zones(some, error.detail)
            except CloudflareError as error:
                self._observe(account, error)
                break
            else:
                found |= {
                    BookKey(Scope(account.id, zone), key): limits
                    for zone, known in settings.items()
                    for key, limits in known.items()
                }
        return found

    async def ask(
        self,
        account: Account,
        questions: Sequence[Asked],
        limits: Mapping[BookKey, DatasetLimits] = NO_LIMITS,
        spare: Sequence[Asked] = (),
    ) -> dict[Question, Answer | CloudflareError]:
        """Return each question's complete answer, or the error that prevented it.

        Of the ``spare`` questions about the account itself, those are asked that find a free place in documents that
        the others take anyway.
        """
        joint = self._join(account, questions, limits)
        count = len(joint)
        joint += self._join(account, spare, limits)
        cut = share_words([self._pieces(account, one, limits) for one in joint])
        progress = [Progress(one.dataset, one.asked, pieces) for one, pieces in zip(joint, cut, strict=True)]
        numbered = [[replace(piece, number=number) for piece in pieces] for number, pieces in enumerate(cut)]
        waiting = [piece for pieces in numbered[:count] for piece in pieces]
        idle = numbered[count:]
        asked_before = self._asked[account.id, False]
        while waiting:
            batch, waiting = self._take_batch([piece for piece in waiting if progress[piece.number].fault is None])
            if batch and not batch[0].zone_id:
                filling, idle = fill_batch(batch, idle, self._size.most)
                batch += filling
            for piece, part in _drain(await self._ask_pieces(account, batch, has_more=bool(waiting)) if batch else []):
                is_large = isinstance(part, Part) and len(part.rows) > LARGE_ROWS
                arguments = (account, piece, part, progress[piece.number])
                waiting += await asyncio.to_thread(self._take, *arguments) if is_large else self._take(*arguments)
        if not any(question.by_day for _, question in questions):
            self._documents[account.id] = self._asked[account.id, False] - asked_before
        asked = [(one, gathered) for one, gathered in zip(joint, progress, strict=True) if gathered.is_asked]
        return {each: said for one, gathered in asked for each, said in one.share_out(gathered.outcome()).items()}

    def pieces_of(
        self, account: Account, dataset: Dataset, question: Question, limits: Mapping[BookKey, DatasetLimits]
    ) -> int:
        """Return the number of pieces that a question will be split into, as far as is known."""
        (joint,) = self._join(account, [(dataset, question)], limits)
        return len(self._pieces(account, joint, limits))

    def _join(
        self, account: Account, questions: Sequence[Asked], limits: Mapping[BookKey, DatasetLimits]
    ) -> list[JointQuestion]:
        """Return how questions are asked: together only if they are cut into the same pieces."""
        return join_questions(
            questions, lambda question: (find_limits(limits, question.book), self.splits.cuts(account.id, question))
        )

    def _pieces(
        self, account: Account, joint: JointQuestion, limits: Mapping[BookKey, DatasetLimits]
    ) -> tuple[Piece, ...]:
        known = find_limits(limits, joint.asked.book) or DatasetLimits(page_size=self._page_limit)
        known = self.recent_fields.confirm(joint.dataset, known)
        pieces = self.splits.pieces(account.id, joint.dataset, joint.asked, known)
        return tuple(replace(piece, among=joint.zones) for piece in pieces) if joint.zones else pieces

    def _take(
        self, account: Account, piece: Piece, part: Part | CloudflareError, progress: Progress
    ) -> tuple[Piece, ...]:
        """Add a part to the progress; return the pieces to ask instead if its page was full or coarsely sampled."""
        match part:
            case CloudflareError():
                progress.fault = part
                return ()
            case Part():
                progress.parts += 1
                progress.newest = part.newest or progress.newest
                try:
                    return self._read(account, piece, part, progress)
                except CloudflareError as error:
                    progress.fault = error
                    return ()

    def _read(self, account: Account, piece: Piece, part: Part, progress: Progress) -> tuple[Piece, ...]:
        """Add the rows of a part to the progress, or return the pieces to ask instead.

        Raises PageFull if the question of a full page cannot be split, and Unreachable if a row is not as requested.
        """
        if len(part.rows) >= piece.limits.page_size and not piece.dataset.takes_full_page:
            return self._halve(account, piece, part, progress.parts - len(progress.planned))
        interval = decode_interval(piece.dataset, part.rows)
        finer = self.splits.refine(account.id, piece) if interval > 1 and not piece.is_coarse else ()
        if not finer:
            rows = _decode(piece, part)
            finer = self.splits.narrow(account.id, piece, rows)
            if not finer:
                progress.add(rows, part, interval)
        return finer

    def _halve(self, account: Account, piece: Piece, part: Part, further: int) -> tuple[Piece, ...]:
        """Return the halves of a piece whose page was full, and remember them.

        ``further`` parts of its question have been asked beyond those that were planned.
        """
        halves = split_piece(piece, decode_ids(piece.dataset, part.rows))
        if not halves or further >= MOST_PARTS:
            raise PageFull(
                f"{piece.dataset.name} of {piece.whose}account {account.name} ({account.id}): more than "
                f"{piece.limits.page_size} rows even in the smallest part "
                f"({piece.since:%Y-%m-%d %H:%M} to {piece.until:%H:%M})."
            )
        self.splits.remember(account.id, piece, halves)
        return halves

    def _take_batch(self, pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
        """Return the pieces of the next document, those of the account before those of zones, and the rest."""
        of_zones = [piece for piece in pieces if piece.zone_id]
        if len(of_zones) == len(pieces) > 0:
            return take_zone_batch(of_zones, self._zone_size.most)
        batch, rest = take_batch([piece for piece in pieces if not piece.zone_id], self._size.most)
        return batch, rest + of_zones

    async def _ask_pieces(
        self, account: Account, pieces: Sequence[Piece], *, has_more: bool = False
    ) -> list[_Answered]:
        """Ask some pieces in one document; a refused document is divided until the failing piece stands alone.

        If it ``has_more``, other pieces wait that found no room in it.
        """
        is_of_zones = bool(pieces[0].zone_id)
        document = build_zone_document(account.id, pieces) if is_of_zones else build_document(account.id, pieces)
        what = f"Analytics of account {account.name} ({account.id})"
        self._asked[account.id, pieces[0].by_day] += 1
        try:
            reply = await self._client.query(document.text, document.variables, what, account.id)
            parts = read_parts(document, reply, account)
        except CloudflareError as error:
            self._observe(account, error)
            halves = self._divide(pieces, error)
            answered = [await self._ask_pieces(account, half) for half in halves]
            return [each for half in answered for each in half] or [(piece, error) for piece in pieces]
        self._learn_size(pieces, lambda size, *now: size.after_answer(*now, has_more=has_more))
        for part in parts:
            self._observe(account, part)
        return await self._ask_bystanders(account, list(zip(pieces, parts, strict=True)))

    def _learn_size(self, pieces: Sequence[Piece], learn: Callable[[DocumentSize, int, float], DocumentSize]) -> None:
        """Learn from what became of a document of some pieces how large the next may be."""
        size, now = count_aliases(pieces), self._client.clock.monotonic()
        if pieces[0].zone_id:
            self._zone_size = learn(self._zone_size, size, now)
        else:
            self._size = learn(self._size, size, now)

    def _divide(self, pieces: Sequence[Piece], error: CloudflareError) -> Sequence[Sequence[Piece]]:
        """Return the parts in which to ask a refused document again; empty if that would not help."""
        is_of_zones = bool(pieces[0].zone_id)
        if isinstance(error, TooLarge) and len(pieces) > 1:
            self._learn_size(pieces, DocumentSize.after_refusal)
        said = error.detail.rpartition(SAID)[2]
        is_of_part = isinstance(error, Forbidden) and speaks_of_part(said)
        if is_of_zones:
            # What is refused to the whole account is refused to each of its zones.
            may_be_one = isinstance(error, Rejected) or is_of_part or (isinstance(error, Forbidden) and "zone" in said)
            return divide(pieces, said) if may_be_one else ()
        middle = len(pieces) // 2
        may_be_one = isinstance(error, Rejected) or is_of_part
        return (pieces[:middle], pieces[middle:]) if may_be_one and middle else ()

    def _observe(self, account: Account, part: Part | CloudflareError) -> None:
        if isinstance(part, Throttled) and not isinstance(part, OverBudget):
            self._client.silence_account(account.id, part.retry_after, part.detail)

    async def _ask_bystanders(self, account: Account, answered: list[_Answered]) -> list[_Answered]:
        """Ask once more for pieces that an answer lacks only because another piece failed in it."""
        lost = [piece for piece, part in answered if isinstance(part, Missing)]
        if len(lost) == len(answered):
            return answered
        found = [(piece, part) for piece, part in answered if not isinstance(part, Missing)]
        while lost:
            batch, lost = self._take_batch(lost)
            found += await self._ask_pieces(account, batch)
        return found


def _decode(piece: Piece, part: Part) -> HourRows:
    """Return the rows of a piece's answer. Raises Unreachable if one is not as requested."""
    decoded = decode_rows(
        piece.dataset,
        part.rows,
        piece.filed_under,
        piece.absent,
        piece.grain,
        owner=piece.zone_id,
        elsewhere=piece.elsewhere,
        fold=piece.fold,
    )
    check_hours(piece.dataset, decoded, piece.filed_under, piece.until)
    return decoded


def _drain(answered: list[_Answered]) -> Iterator[_Answered]:
    """Yield parts one by one and release each: the undecoded rows of a large account take the most memory."""
    while answered:
        yield answered.pop(0)
