"""The size of documents: halved when Cloudflare refuses one, and found again when it answers."""

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.cloudflare.document_size import BELIEVED, GOOD_ANSWERS, DocumentSize

NEW = DocumentSize(10, 250)


def ask(size: DocumentSize, accepted: int, documents: int, *, needed: int = 250, now: float = 0.0) -> DocumentSize:
    """The size after some documents, as large as it allows, to a Cloudflare that accepts so much."""
    for _ in range(documents):
        asked = min(size.most, needed)
        is_refused = asked > accepted
        size = size.after_refusal(asked, now) if is_refused else size.after_answer(asked, now, has_more=True)
    return size


def test_a_size_grows_with_good_answers() -> None:
    """It is doubled after some full documents, and never more than the limit."""
    sizes = [ask(NEW, 1_000, GOOD_ANSWERS * times).most for times in range(7)]
    assert sizes == [10, 20, 40, 80, 160, 250, 250]
    assert ask(NEW, 1_000, GOOD_ANSWERS - 1).most == 10


def test_a_size_grows_only_where_something_waits() -> None:
    """What fits needs no more room, nor does what another limit cuts."""
    size = NEW
    for _ in range(10 * GOOD_ANSWERS):
        size = size.after_answer(10, 0.0, has_more=False).after_answer(5, 0.0, has_more=True)
    assert size.most == 10


def test_a_refused_size_is_halved() -> None:
    """But not below what was answered, unless that is refused too."""
    assert NEW.after_refusal(10, 0.0).most == 5
    assert NEW.after_refusal(6, 0.0).after_refusal(1, 0.0).most == 1
    proven = NEW.after_answer(9, 0.0, has_more=False)
    assert proven.after_refusal(10, 0.0).most == 9
    assert proven.after_refusal(10, 0.0).after_refusal(9, 0.0).most == 4


def test_a_refused_size_is_tried_again() -> None:
    """Not for six hours; then it may have become possible."""
    size = ask(NEW, 20, 100)
    assert size.most == 20
    assert ask(size, 1_000, 100, now=BELIEVED - 1).most == 20
    assert ask(size, 1_000, 100, now=BELIEVED).most == 250


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 250), st.integers(0, 20), st.integers(1, 250))
def test_whatever_cloudflare_accepts_is_found(accepted: int, needed: int, before: int, accepted_before: int) -> None:
    """Within a bounded number of documents, and with few refusals; afterwards none is refused."""
    size = ask(NEW, accepted_before, before, needed=needed)
    refusals = 0
    for _ in range(16 * GOOD_ANSWERS):
        asked = min(size.most, needed)
        refusals += asked > accepted
        size = ask(size, accepted, 1, needed=needed)
    assert refusals <= 16
    assert min(size.most, needed) <= accepted
    later = ask(size, accepted, 30 * GOOD_ANSWERS, needed=needed, now=BELIEVED)
    assert min(later.most, needed) >= min(accepted, needed, 250) // 2
