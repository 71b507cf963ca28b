"""Reading the ledger's file.

Times are whole seconds since 1970, amounts JSON arrays of integers (they may exceed 64 bits), labels JSON arrays.
"""

import json
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from exporter.catalog.grain import Grain
from exporter.ledger.audit_schedule import DayMark, DayPart
from exporter.ledger.choices import ChosenWords
from exporter.ledger.counters import Counters, CounterState
from exporter.ledger.daily_filter import EVERYTHING, DailyFilter
from exporter.ledger.day_hours import DayHours
from exporter.ledger.gauges import GaugeState, Reading
from exporter.ledger.hours import OpenHour, whole_since
from exporter.ledger.roster import Entry, RosterKey, Standing
from exporter.ledger.series import Birth, Series, SeriesKey, SeriesPlan
from exporter.ledger.store.change import Ended
from exporter.ledger.store.chosen_tables import load_chosen
from exporter.ledger.store.day_tables import load_all_kept, load_cut_on, load_kept, load_marks
from exporter.ledger.store.encoding import key_of, moment_of, named_times_of, place_of, time_of, tuples_of
from exporter.ledger.store.hour_tables import load_hours
from exporter.ledger.store.pruned_tables import DATASETS
from exporter.ledger.totals import RowTotals
from exporter.model import Amounts, Asset, BookKey, DailyKey, Placement, RowKey


class Loader:
    """The content of the file, table by table."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def load_accounts(self) -> dict[str, tuple[str, str]]:
        """Return name and label by account id."""
        return {row[0]: (row[1], row[2]) for row in self._connection.execute("SELECT id, name, label FROM account")}

    def load_roster(self) -> dict[str, dict[RosterKey, Entry]]:
        """Return each account's roster."""
        rosters: dict[str, dict[RosterKey, Entry]] = {}
        for row in self._connection.execute("SELECT * FROM asset"):
            account, kind, asset_id, name, standing, seen, absences, project, by, suffixed, *rest = row
            created, modified, tags, parent, stem, filtered, since, folded = rest
            asset = Asset(
                kind, asset_id, name, moment_of(created), moment_of(modified), tuple(json.loads(tags)), parent, stem
            )
            rosters.setdefault(account, {})[kind, asset_id] = Entry(
                asset,
                Standing(standing),
                time_of(seen),
                absences,
                project,
                by,
                bool(suffixed),
                bool(filtered),
                moment_of(since),
                bool(folded),
            )
        return rosters

    def load_signatures(self) -> dict[BookKey, tuple[str, datetime]]:
        """Return the signature with which each book was stored, and its start."""
        rows = self._connection.execute("SELECT account, dataset, signature, start FROM book")
        return {key_of(account, dataset): (signature, time_of(start)) for account, dataset, signature, start in rows}

    def load_marks(self) -> dict[BookKey, dict[DayPart, DayMark]]:
        """Return the marks of closed days."""
        return load_marks(self._connection)

    def load_kept(self, key: BookKey, start: datetime) -> dict[RowKey, Amounts]:
        """Return the settled rows kept of the day, or part of a day, that starts so and is not final."""
        return load_kept(self._connection, key, start)

    def load_all_kept(self, key: BookKey) -> dict[datetime, dict[RowKey, Amounts]]:
        """Return the settled rows kept of every day, or part of a day, that is not final, by its start."""
        return load_all_kept(self._connection, key)

    def load_book(self, key: BookKey, plan: SeriesPlan, commit_number: int) -> Counters:
        """Return a book as it was last committed, without its waiting rows.

        Its births count as first seen in ``commit_number``.
        """
        book = Counters(plan, self.load_state(key, commit_number))
        assets, *texts = self._columns("asset, labels, settled, total, attributed", "row", key)
        labels, *figures = map(tuples_of, texts)
        book.rows = dict(zip(zip(assets, labels, strict=True), map(RowTotals, *figures), strict=True))
        book.open = self.load_open_hours(key, plan.dataset.grain)
        projects, names, metrics, values, amounts, births = self._columns(
            "project, asset, metric, labels, amount, born", "series", key
        )
        series_keys = map(SeriesKey, metrics, tuples_of(values))
        for project, name, series_key, amount, born in zip(projects, names, series_keys, amounts, births, strict=True):
            birth = Birth(time_of(born), commit_number) if born is not None else None
            book.series.setdefault(Placement(project, name), {})[series_key] = Series(int(amount), birth)
        return book

    def load_state(self, key: BookKey, commit_number: int) -> CounterState:
        """Return the state of a book; a held birth counts as first seen in ``commit_number``."""
        columns = (
            "start, open_from, until, published_until, last_success, kept_from, newest, hold, revisions, gap, late, "
            "joined"
        )
        *moments, newest, hold, revisions, gap, late, joined = next(self._select(columns, "book", key))
        start, open_from, until, published_until, last_success, kept_from = map(time_of, moments)
        return CounterState(
            start,
            open_from,
            until,
            published_until,
            last_success,
            kept_from,
            moment_of(newest),
            Birth(time_of(hold), commit_number) if hold is not None else None,
            revisions,
            timedelta(seconds=gap),
            tuple(json.loads(late)),
            named_times_of(joined),
            load_cut_on(self._connection, key),
        )

    def load_open_hours(self, key: BookKey, grain: Grain) -> dict[datetime, OpenHour]:
        """Return the open hours of a book; hours that its last answer covered whole count as answered at that time."""
        until, last_success = map(time_of, next(self._select("until, last_success", "book", key)))
        rows: dict[datetime, dict[RowKey, Amounts]] = {}
        peaks: dict[datetime, dict[RowKey, Amounts]] = {}
        starts, assets, *texts = self._columns("hour, asset, labels, amounts, peak", "open_row", key)
        labels, *figures = (tuples_of([text or "[]" for text in column]) for column in texts)
        times = {at: time_of(at) for at in set(starts)}
        for at, asset, values, amounts, highest in zip(starts, assets, labels, *figures, strict=True):
            hour, row_key = times[at], (asset, values)
            if amounts:
                rows.setdefault(hour, {})[row_key] = amounts
            if highest:
                peaks.setdefault(hour, {})[row_key] = highest
        hours: dict[datetime, OpenHour] = {}
        for hour in rows.keys() | peaks.keys():
            known = rows.get(hour, {})
            peak = known | peaks[hour] if hour in peaks else known
            hours[hour] = OpenHour(known, peak, whole_since=whole_since(hour, until, last_success, grain))
        return hours

    def _select(self, columns: str, table: str, key: BookKey) -> Iterator[tuple[Any, ...]]:
        return self._connection.execute(
            f"SELECT {columns} FROM {table} WHERE account = ? AND dataset = ?", place_of(key)
        )

    def _columns(self, columns: str, table: str, key: BookKey) -> list[tuple[Any, ...]]:
        """Return the rows of a book column by column."""
        return list(zip(*self._select(columns, table, key), strict=True)) or [()] * (columns.count(",") + 1)

    def load_gauges(self) -> dict[BookKey, tuple[str, GaugeState, dict[RowKey, Reading]]]:
        """Return the signature with which each book of gauges was stored, its state and its readings."""
        found: dict[BookKey, tuple[str, GaugeState, dict[RowKey, Reading]]] = {}
        for account, dataset, signature, *moments in self._connection.execute("SELECT * FROM reading_book"):
            until, last_success, newest = moments
            state = GaugeState(time_of(until), time_of(last_success), moment_of(newest))
            found[key_of(account, dataset)] = (signature, state, {})
        for account, dataset, asset, labels, at, amounts in self._connection.execute("SELECT * FROM reading"):
            key = key_of(account, dataset)
            if key in found:
                row_key = (asset, tuple(json.loads(labels)))
                found[key][2][row_key] = Reading(time_of(at), tuple(json.loads(amounts)))
        return found

    def load_chosen(self) -> dict[BookKey, ChosenWords]:
        """Return the words that labels with a limit keep, by book."""
        return load_chosen(self._connection)

    def load_ended(self) -> dict[BookKey, Ended]:
        """Return the books of zones that left their account."""
        rows = self._connection.execute("SELECT account, dataset, ended, gap FROM ended_book")
        return {key_of(account, name): Ended(moment_of(at), timedelta(seconds=gap)) for account, name, at, gap in rows}

    def load_used(self) -> dict[str, dict[RosterKey, datetime]]:
        """Return the newest hour with usage of each asset, by account."""
        used: dict[str, dict[RosterKey, datetime]] = {}
        for account, kind, asset, hour in self._connection.execute("SELECT * FROM used"):
            used.setdefault(account, {})[kind, asset] = time_of(hour)
        return used

    def load_daily(self, account: str, since: date, until: date) -> dict[DailyKey, int]:
        """Return the settled daily sums of an account for the days in [since, until), over all datasets."""
        sums: dict[DailyKey, int] = {}
        for key, amount in self.read_daily(account, since, until):
            sums[key] = sums.get(key, 0) + amount
        return sums

    def read_daily(
        self, account: str, since: date, until: date, wanted: DailyFilter = EVERYTHING
    ) -> Iterator[tuple[DailyKey, int]]:
        """Yield the settled daily sums; a key comes once for each start of counting."""
        days: dict[str, date] = {}
        condition, values = wanted.condition()
        for day, asset, meter, amount in self._connection.execute(
            f"{DATASETS} SELECT day, asset, meter, amount FROM daily WHERE account = ?1 AND dataset IN "
            f"(SELECT name FROM datasets) AND day >= ?2 AND day < ?3{condition}",
            (account, str(since), str(until), *values),
        ):
            if day not in days:
                days[day] = date.fromisoformat(day)
            yield (days[day], asset, meter), int(amount)

    def load_hours(self, account: str, asset: str, since: date, until: date) -> dict[DailyKey, DayHours]:
        """Return the settled hours of an asset on the days in [since, until), over all datasets."""
        return load_hours(self._connection, account, asset, since, until)

    def load_until(self) -> dict[BookKey, datetime]:
        """Return the time until which each counted dataset was asked."""
        books = self._connection.execute("SELECT account, dataset, until FROM book")
        return {key_of(account, dataset): time_of(until) for account, dataset, until in books}

    def load_clock_offset(self) -> timedelta:
        """Return how far the machine's clock was ahead of Cloudflare's time when that last changed notably."""
        row = self._connection.execute("SELECT ahead FROM machine_clock").fetchone()
        return timedelta(seconds=row[0]) if row else timedelta(0)

    def load_billing(self) -> dict[str, str]:
        """Return the billing facts last stored of each account, by account id."""
        return dict(self._connection.execute("SELECT account, facts FROM billing").fetchall())
