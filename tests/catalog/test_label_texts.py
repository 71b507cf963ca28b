"""Labels of free text: what their values are, and what they cannot be, too."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from exporter.catalog import DATASETS
from exporter.catalog.entry import Label
from exporter.model import OTHER
from tests.queries import ASKED

TEXT = "SELECT 'größer' -- 🙂"
QUERY = Label("query", "query", is_text=True)


def test_a_hash_stands_for_a_text_and_nothing_for_nothing() -> None:
    """The first ten digits of SHA-256; meters read the text itself."""
    assert QUERY.value(TEXT) == sha256(TEXT.encode()).hexdigest()[:10]
    assert QUERY.value("") == ""
    assert QUERY.read(TEXT) == TEXT


def test_what_is_folded_is_no_text() -> None:
    """Only of a label that keeps some words; a text may be the same word."""
    assert replace(QUERY, top=5).value(OTHER) == OTHER
    assert replace(QUERY, top=5).value(TEXT) == QUERY.value(TEXT)
    assert QUERY.value(OTHER) != OTHER


@pytest.mark.parametrize("contradiction", [{"classify": str.upper}, {"scalar": "uint16"}])
def test_a_text_is_nothing_else(contradiction: dict[str, Any]) -> None:
    """Neither classified nor a number."""
    with pytest.raises(ValueError, match="the label query is a text, which is neither classified nor a number"):
        replace(QUERY, **contradiction)


def test_no_series_begins_with_a_text() -> None:
    """Every asset would have it; one without a text, and the rest, are fine."""
    (metric,) = ASKED.metrics
    limited = replace(ASKED, labels=(replace(QUERY, top=2),), meters=())
    replace(limited, metrics=(replace(metric, zeros=(("",), (OTHER,))),))
    for dataset, word in ((ASKED, OTHER), (limited, TEXT)):
        with pytest.raises(ValueError, match=f"no series of {metric.name} can begin with a text as its query"):
            replace(dataset, metrics=(replace(metric, zeros=((word,),)),))


def test_no_tally_reads_a_text() -> None:
    """It adds up series, which have a hash."""
    with pytest.raises(ValueError, match="no tally can read query, whose texts are hashes in series"):
        replace(ASKED, tallies=(replace(ASKED.tallies[0], label="query", starts="SELECT"),))


def test_the_shipped_catalog_has_none() -> None:
    """So nothing is looked for."""
    assert not any(dataset.texts for dataset in DATASETS.values())
