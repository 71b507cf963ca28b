"""The schema versions of the ledger's file, as SQL scripts. Those of before stay as they are."""

_METERS = {
    "workersInvocationsAdaptive": (
        "workers_requests",
        "workers_requests_internal_error",
        "workers_cpu_ms",
        "workers_cpu_ms_internal_error",
    ),
    "r2OperationsAdaptiveGroups": (
        "r2_class_a",
        "r2_class_b",
        "r2_ia_class_a",
        "r2_ia_class_b",
        "r2_class_unknown",
        "r2_class_a_unauthorized",
        "r2_class_b_unauthorized",
        "r2_class_unknown_unauthorized",
        "r2_retrieval_gb",
        "r2_ia_retrieval_gb",
    ),
    "r2StorageAdaptiveGroups": ("r2_storage_gb_month", "r2_ia_storage_gb_month"),
    "d1AnalyticsAdaptiveGroups": ("d1_rows_read", "d1_rows_written"),
    "d1StorageAdaptiveGroups": ("d1_storage_gb_month",),
    "durableObjectsInvocationsAdaptiveGroups": ("do_requests",),
    "durableObjectsPeriodicGroups": (
        "do_requests",
        "do_duration_gb_s",
        "do_sqlite_rows_read",
        "do_sqlite_rows_written",
        "do_kv_read_units",
        "do_kv_write_units",
        "do_kv_deletes",
    ),
    "durableObjectsSqlStorageGroups": ("do_sqlite_storage_gb_month",),
    "durableObjectsStorageGroups": ("do_kv_storage_gb_month",),
    "kvOperationsAdaptiveGroups": ("kv_reads", "kv_writes", "kv_deletes", "kv_lists"),
    "kvStorageAdaptiveGroups": ("kv_storage_gb_month",),
}
"""The meters of all releases whose marks of closed days did not say which they include."""

_KNOWN = "; ".join(
    f"UPDATE day_mark SET meters = json_array({', '.join(map(repr, meters))}) WHERE dataset = '{dataset}'"
    for dataset, meters in _METERS.items()
)

_MARK_METERS = f"""
    ALTER TABLE day_mark ADD COLUMN meters TEXT;
    ALTER TABLE day_mark ADD COLUMN alone TEXT NOT NULL DEFAULT '[]';
    WITH RECURSIVE closed (account, dataset, answered, day, last) AS (
        SELECT account, dataset, last_success, max(date(start, 'unixepoch'), date(kept_from, 'unixepoch', '-40 days')),
        date(kept_from - 1, 'unixepoch') FROM book WHERE kept_from > start
        UNION ALL SELECT account, dataset, answered, date(day, '+1 day'), last FROM closed WHERE day < last)
    INSERT OR IGNORE INTO day_mark (account, dataset, day, part, answered, digest, is_final)
        SELECT account, dataset, day, 'counted', answered, '', 1 FROM closed;
    {_KNOWN};
    """
"""Say which meters the final figures of closed days include; days that no audit was kept for are final as they are."""

_NEWEST_SUMS = """
    ALTER TABLE asset ADD COLUMN unlisted_since INTEGER;
    CREATE TABLE newest_sum (account TEXT, asset TEXT, day TEXT, PRIMARY KEY (account, asset)) WITHOUT ROWID;
    INSERT INTO newest_sum SELECT account, asset, max(day) FROM daily GROUP BY account, asset;
    """
"""The migration that adds what pruning goes by."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL, label TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE asset (
        account TEXT, kind TEXT, id TEXT, name TEXT, standing TEXT, first_seen INTEGER, absences INTEGER,
        project TEXT, decided_by TEXT, suffixed INTEGER, created INTEGER, modified INTEGER, tags TEXT, parent TEXT,
        stem TEXT, PRIMARY KEY (account, kind, id)) WITHOUT ROWID;
    CREATE TABLE book (
        account TEXT, dataset TEXT, signature TEXT, start INTEGER, open_from INTEGER, until INTEGER,
        published_until INTEGER, last_success INTEGER, newest INTEGER, hold INTEGER,
        PRIMARY KEY (account, dataset)) WITHOUT ROWID;
    CREATE TABLE row (
        account TEXT, dataset TEXT, asset TEXT, labels TEXT, settled TEXT, total TEXT, attributed TEXT,
        PRIMARY KEY (account, dataset, asset, labels)) WITHOUT ROWID;
    CREATE TABLE open_row (
        account TEXT, dataset TEXT, hour INTEGER, asset TEXT, labels TEXT, amounts TEXT, peak TEXT,
        PRIMARY KEY (account, dataset, hour, asset, labels)) WITHOUT ROWID;
    CREATE TABLE series (
        account TEXT, dataset TEXT, project TEXT, asset TEXT, metric INTEGER, labels TEXT, amount TEXT, born INTEGER,
        PRIMARY KEY (account, dataset, project, asset, metric, labels)) WITHOUT ROWID;
    CREATE TABLE daily (
        account TEXT, dataset TEXT, day TEXT, asset TEXT, meter TEXT, amount TEXT,
        PRIMARY KEY (account, dataset, day, asset, meter)) WITHOUT ROWID;
    """,
    """
    CREATE TABLE reading_book (
        account TEXT, dataset TEXT, signature TEXT, until INTEGER, last_success INTEGER, newest INTEGER,
        PRIMARY KEY (account, dataset)) WITHOUT ROWID;
    CREATE TABLE reading (
        account TEXT, dataset TEXT, asset TEXT, labels TEXT, at INTEGER, amounts TEXT,
        PRIMARY KEY (account, dataset, asset, labels)) WITHOUT ROWID;
    CREATE TABLE used (
        account TEXT, kind TEXT, asset TEXT, hour INTEGER, PRIMARY KEY (account, kind, asset)) WITHOUT ROWID;
    """,
    """
    ALTER TABLE asset ADD COLUMN filtered INTEGER NOT NULL DEFAULT 0;
    UPDATE asset SET decided_by = CASE WHEN decided_by != '' THEN 'tag:' || decided_by ELSE 'name' END;
    UPDATE asset SET decided_by = 'worker' WHERE decided_by = 'name' AND EXISTS (
        SELECT 1 FROM asset AS script WHERE script.account = asset.account AND script.kind = 'worker'
        AND script.name = asset.parent AND script.project = asset.project);
    """,
    """
    ALTER TABLE book ADD COLUMN kept_from INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE book ADD COLUMN revisions INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE book ADD COLUMN gap INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE book ADD COLUMN late TEXT NOT NULL DEFAULT '[]';
    UPDATE book SET kept_from = (open_from / 86400 + 1) * 86400;
    CREATE TABLE kept_row (
        account TEXT, dataset TEXT, day TEXT, asset TEXT, labels TEXT, amounts TEXT,
        PRIMARY KEY (account, dataset, day, asset, labels)) WITHOUT ROWID;
    CREATE TABLE day_mark (
        account TEXT, dataset TEXT, day TEXT, part TEXT, answered INTEGER, first INTEGER, digest TEXT,
        repeated_since INTEGER, is_final INTEGER, PRIMARY KEY (account, dataset, day, part)) WITHOUT ROWID;
    CREATE TABLE counted_daily (
        account TEXT, dataset TEXT, day TEXT, counted_from INTEGER, asset TEXT, meter TEXT, amount TEXT,
        PRIMARY KEY (account, dataset, day, counted_from, asset, meter)) WITHOUT ROWID;
    INSERT INTO counted_daily SELECT daily.account, daily.dataset, day,
        CASE WHEN day >= date(book.start, 'unixepoch') THEN book.start ELSE 0 END, asset, meter, amount
        FROM daily LEFT JOIN book ON book.account = daily.account AND book.dataset = daily.dataset;
    DROP TABLE daily;
    ALTER TABLE counted_daily RENAME TO daily;
    """,
    """
    CREATE TABLE billing (account TEXT PRIMARY KEY, facts TEXT) WITHOUT ROWID;
    """,
    """
    ALTER TABLE book ADD COLUMN joined TEXT NOT NULL DEFAULT '{}';
    """,
    """
    CREATE TABLE ended_book (
        account TEXT, dataset TEXT, ended INTEGER, gap INTEGER, PRIMARY KEY (account, dataset)) WITHOUT ROWID;
    """,
    """
    CREATE TABLE left_series (
        label TEXT, dataset TEXT, project TEXT, asset TEXT, metric TEXT, labels TEXT, account TEXT, amount TEXT,
        left_at INTEGER, PRIMARY KEY (label, dataset, project, asset, metric, labels));
    CREATE INDEX left_series_of_book ON left_series (account, dataset);
    CREATE INDEX left_series_by_time ON left_series (left_at);
    """,
    """
    CREATE TABLE hour_key (
        id INTEGER PRIMARY KEY, account TEXT, dataset TEXT, asset TEXT, meter TEXT, is_stored INTEGER,
        UNIQUE (account, dataset, asset, meter));
    CREATE TABLE hour_row (
        day INTEGER, key INTEGER,
        amounts BLOB NOT NULL CHECK (length(amounts) > 0 AND length(amounts) % 24 = 0),
        PRIMARY KEY (day, key)) WITHOUT ROWID;
    """,
    _MARK_METERS,
    _NEWEST_SUMS,
    """
    /* From here on the day in kept_row and day_mark may also be an hour of one: 2025-10-20T05. */
    """,
    """
    /* From here on the standing of an asset may also be named or unused. */
    """,
    """
    CREATE TABLE machine_clock (id INTEGER PRIMARY KEY CHECK (id = 0), ahead INTEGER NOT NULL);
    """,
    """
    ALTER TABLE asset ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
    """,
    """
    CREATE TABLE choice (
        account TEXT, dataset TEXT, since INTEGER, words TEXT, PRIMARY KEY (account, dataset, since)) WITHOUT ROWID;
    CREATE TABLE ranking (
        account TEXT, dataset TEXT, day TEXT, amounts TEXT, PRIMARY KEY (account, dataset, day)) WITHOUT ROWID;
    """,
)
"""One script per schema version; the file's ``user_version`` is the number of scripts applied to it."""
