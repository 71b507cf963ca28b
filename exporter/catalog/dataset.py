"""A dataset as product files declare it: one way of asking Cloudflare, and what is made of the answers. Data only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from exporter.catalog.entry import ADDING, ROWS, Field, Label, Meter, Metric, Tally, tally_id
from exporter.catalog.grain import Grain
from exporter.catalog.readable import ACCOUNT_NODE, Readable
from exporter.catalog.timing import SLOW_PACE, USUAL_COUNTER, Timing
from exporter.model import RETENTION, Question, Scope

EXACT_EVENTS = 10_000
"""The events of an hour up to which Cloudflare is assumed not to sample what does not report it."""


@dataclass(frozen=True)
class Dataset:
    """One way of asking Cloudflare about something; ``variant`` distinguishes several ways of asking about the same.

    ``name`` is that of the node in GraphQL, or for a REST resource a word of our own.

    ``version`` is raised when the meaning or the grain changes; counting then restarts. A further field or label is
    counted from the next midnight on, and a meter that reads one has an id of its own. A row's asset id is the value of
    ``id_dimension``; where that is empty the asset is looked up by ``name_dimension``, and rows with a value of
    ``dispatch_dimension`` belong to that dispatch namespace. Without either, they belong to what it ``reads``: the
    account, the zone or the asset. ``tallies`` are the counters that add up to an asset's requests and errors; without
    any these are unknown. ``timing`` is how answers become values. ``reports_sampling``: answers include
    ``avg.sampleInterval``; where they do not, ``events`` names the field that counts events, if there is one: with few
    of them wide ranges are taken for exact. ``min_interval`` is the shortest time between two questions.
    ``distinct_by`` names a dimension to group by that is not a label; with ``takes_full_page`` a full page of it is
    accepted as a lower bound. ``only`` are conditions of GraphQL's filter on texts, each a name with its value: no
    other rows are asked, and whether it is in use is told by the other counters of its name. ``spell`` turns the ids of
    its rows into those of the kind, where this dataset alone spells them otherwise.
    """

    name: str
    version: int
    kind: str
    id_dimension: str
    fields: tuple[Field, ...]
    labels: tuple[Label, ...] = ()
    metrics: tuple[Metric, ...] = ()
    meters: tuple[Meter, ...] = ()
    tallies: tuple[Tally, ...] = ()
    name_dimension: str = ""
    dispatch_dimension: str = ""
    reports_sampling: bool = True
    events: str = ""
    timing: Timing = USUAL_COUNTER
    variant: str = ""
    min_interval: timedelta = timedelta(0)
    distinct_by: str = ""
    takes_full_page: bool = False
    only: tuple[tuple[str, str], ...] = ()
    spell: Callable[[str], str] | None = None
    reads: Readable = ACCOUNT_NODE

    def __post_init__(self) -> None:
        """Raise ValueError if parts do not fit each other.

        What does not add up cannot be counted, readings must outlast three questions, and events be a field.
        """
        unique = [entry.name for entry in self.fields if entry.group not in ADDING]
        if self.is_counted and unique:
            raise ValueError(f"{self.key}: {', '.join(unique)} cannot be counted: amounts of hours do not add up")
        life = self.timing.life(self.min_interval)
        if life is not None and life < self.shortest_window:
            raise ValueError(f"{self.key}: readings expire within three intervals of asking")
        if self.events and self.events not in {entry.name for entry in self.fields}:
            raise ValueError(f"{self.key}: {self.events}, which counts events, is no field of it")
        if self.reads.zone_dimension and self.id_dimension not in ("", self.reads.zone_dimension):
            raise ValueError(f"{self.key}: rows that are told apart by zone have no other ids")
        if not self.reads.has_history and (self.is_counted or self.timing.is_whole):
            raise ValueError(f"{self.key}: what tells only of its own moment is a stored quantity or an instant")
        if any(label.top for label in self.labels):
            self._check_limited()
        if self.texts:
            self._check_texts()

    def _check_limited(self) -> None:
        """Raise ValueError if words of a label cannot be folded, or something reads what is folded.

        Two such labels would need an answer for each pair of choices. What is no counter is not asked hour by hour.
        """
        label, *others = (label for label in self.labels if label.top)
        if others or not self.is_counted:
            raise ValueError(f"{self.key}: only one label of a counter can keep the highest words")
        if self.reads.zone_dimension:
            raise ValueError(f"{self.key}: an account's node ranks the words of all zones as one")
        alike = [other.dimension for other in self.labels].count(label.dimension) > 1
        if alike or label.dimension in {self.id_dimension, self.name_dimension, self.dispatch_dimension}:
            raise ValueError(f"{self.key}: {label.dimension} tells more than the label {label.name}")
        read = {name for meter in self.meters for name in (*meter.where, *meter.unless)}
        if label.name in read | {tally.label for tally in self.tallies}:
            raise ValueError(f"{self.key}: neither meter nor tally can read {label.name}, whose words are folded")

    def _check_texts(self) -> None:
        """Raise ValueError if a series that every asset has would have a text, or a tally reads what is a hash there.

        Tallies add up series, while meters count rows, which keep the texts.
        """
        texts = {label.name: label for label in self.texts}
        for tally in self.tallies:
            if tally.label in texts:
                raise ValueError(f"{self.key}: no tally can read {tally.label}, whose texts are hashes in series")
        for metric in self.metrics:
            for values in metric.zeros:
                for name, value in zip(metric.labels, values, strict=False):
                    if name in texts and texts[name].value(value) != value:
                        raise ValueError(f"{self.key}: no series of {metric.name} can begin with a text as its {name}")

    @property
    def is_of_zones(self) -> bool:
        """Return whether each zone has a book of its own."""
        return self.reads.is_of_zones

    @property
    def longest_interval(self) -> timedelta:
        """Return the longest time between two questions, if refreshes are not further apart."""
        return max(self.min_interval, SLOW_PACE)

    @property
    def shortest_window(self) -> timedelta:
        """Return the shortest window, or age, by which rules and panels may judge it: three of these intervals."""
        return 3 * self.longest_interval

    @property
    def asks_newest(self) -> bool:
        """Return whether the newest minute with data has to be asked apart, which a row cannot tell of many zones."""
        return self.timing.asks_newest and not self.reads.zone_dimension

    @cached_property
    def of_all_zones(self) -> "Dataset":
        """Return the dataset as the account's node is asked for it: rows have the id of their zone."""
        return replace(self, id_dimension=self.reads.zone_dimension)

    @property
    def key(self) -> str:
        """Return the unique key of this way of querying."""
        return f"{self.name}/{self.variant}" if self.variant else self.name

    @property
    def published_name(self) -> str:
        """Return the name under which its state and freshness are published; a window shares that of its counters."""
        return self.name if self.timing.is_whole else self.key

    @property
    def says_sampling(self) -> bool:
        """Return whether answers include their sample interval."""
        return self.is_counted and self.reports_sampling

    @property
    def has_days(self) -> bool:
        """Return whether closed days are asked once more, and those before the start filled in."""
        return self.timing.is_metered and self.reads.has_history

    @property
    def is_estimated(self) -> bool:
        """Return whether a day without a reading counts as the last one before it: no answer tells of it later."""
        return self.timing.is_stored and not self.reads.has_history

    @property
    def is_counted(self) -> bool:
        """Return whether its amounts are counted for ever."""
        return self.timing.is_counted

    @property
    def grain(self) -> Grain:
        """Return the grain of questions."""
        return self.timing.grain

    def question(
        self, scope: Scope, until: datetime, known_until: datetime | None, retention: timedelta = RETENTION
    ) -> Question:
        """Return the question to ask at the minute ``until``, as far back as ``retention`` allows.

        ``known_until`` is the start of the oldest open unit, or the newest hour known; None: nothing is known. A
        question about what is out of reach is empty.
        """
        oldest = self.grain.floor(until - retention) + self.grain.unit
        since, end = self.timing.span(until, known_until, oldest)
        return Question(scope, self.key, since, end)

    @cached_property
    def overview(self) -> "Dataset":
        """Return the dataset without anything to group by but zones, which tells whether there was anything at all."""
        kept = self.id_dimension if self.id_dimension == self.reads.zone_dimension else ""
        return replace(
            self, id_dimension=kept, name_dimension="", dispatch_dimension="", labels=(), metrics=(), distinct_by=""
        )

    @cached_property
    def limited(self) -> Label | None:
        """Return the label that keeps only its highest words; None if there is none."""
        return next((label for label in self.labels if label.top), None)

    @cached_property
    def texts(self) -> tuple[Label, ...]:
        """Return the labels whose values are hashes of texts."""
        return tuple(label for label in self.labels if label.is_text)

    @cached_property
    def ranking(self) -> "Dataset":
        """Return the dataset by the words of its limited label only, as its amounts rank them."""
        label = self.limited
        assert label is not None
        return replace(
            self.overview,
            labels=(replace(label, classify=None, top=0),),
            fields=self.fields[:1],
            meters=(),
            tallies=(),
            events="",
            takes_full_page=True,
        )

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """Return the GraphQL dimensions to group by besides the hour, each once."""
        names = [self.id_dimension, self.name_dimension, self.dispatch_dimension, self.distinct_by]
        names += [label.dimension for label in self.labels]
        return tuple(dict.fromkeys(name for name in names if name))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Return the dimensions behind the labels, each once: a row's key has Cloudflare's word for each."""
        return tuple(dict.fromkeys(label.dimension for label in self.labels))

    @cached_property
    def counted_ids(self) -> frozenset[str]:
        """Return the ids of what its daily sums count: meters and tallies."""
        return frozenset(
            [meter.id for meter in self.meters] + [tally_id(self.kind, tally.tallied) for tally in self.tallies]
        )

    @cached_property
    def field_index(self) -> Mapping[str, int]:
        """Return the position of each field in a row's amounts."""
        return {entry.name: position for position, entry in enumerate(self.fields)}

    def describe(self, metric: Metric) -> str:
        """Return a metric's HELP text: its sentence, the source fields, and how exact the values are."""
        sources = ", ".join(
            dict.fromkeys(
                self._describe_source(entry)
                for entry in self.fields
                if any(part.source == entry.name for part in metric.parts)
            )
        )
        sampling = "estimated where sampled"
        if not self.reports_sampling:
            above = f" if an hour has more than {EXACT_EVENTS:,} events" if self.events else ""
            sampling = f"may be estimated{above}; sampling is not reported"
        exactness = "newest reading" if self.is_estimated else self.timing.exactness or sampling
        return f"{metric.help.removesuffix('.')} ({self.name} {sources}; {exactness})."

    def _describe_source(self, entry: Field) -> str:
        """Return a field's path in the answer; the quantiles of one source share theirs."""
        if entry.group == ROWS:
            return self.distinct_by
        if entry.group == "quantiles":
            return entry.path.rstrip("0123456789") + "*"
        return entry.path
