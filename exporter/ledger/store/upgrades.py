"""Upgrades of the file that need facts about releases of before, as SQL."""

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

MARK_METERS = f"""
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
