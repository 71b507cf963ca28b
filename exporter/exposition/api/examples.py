"""An example of each answer, for the OpenAPI document and the page generated from it."""

from collections.abc import Mapping
from typing import Any

_ACCOUNT = {"account": "Example", "account_id": "0123456789abcdef0123456789abcdef"}

_DOLLARS = {
    "to_date_usd": "13.095",
    "forecast_usd": "58.65",
    "forecast_low_usd": "54.85",
    "forecast_high_usd": "62.47",
    "list_price_usd": "19.21",
}

_ASSET = {
    **_ACCOUNT,
    "project": "shop",
    "kind": "worker",
    "name": "shop-web",
    "id": "8f14e45fceea167a5a36dedd4bea2543",
    "created": "2025-03-02T08:15:00Z",
    "modified": "2025-10-19T16:40:12Z",
    "last_used": "2025-10-20T09:00:00Z",
    "requests": 1_204_331,
    "errors": 512,
    **_DOLLARS,
    "list_cost_usd": "4.3312",
    "named_by_usage": False,
    "folded": False,
}

_PROJECT = {
    **_ACCOUNT,
    "project": "shop",
    "assets": 3,
    "assets_by_kind": {"d1_database": 1, "worker": 2},
    "requests": 1_310_007,
    "errors": 512,
    **_DOLLARS,
}

_BUDGET = {
    "budget": "shop",
    "account": "",
    "project": "shop",
    "product": "",
    "amount_usd": "50.00",
    "used_ratio": "0.2619",
    "forecast_ratio": "1.173",
    "exceeded_on": "2025-11-09",
}

_STANDING_WELL = {"reason": "", "detail": "", "remedy": "", "since": None}

_TROUBLE = {
    "reason": "forbidden",
    "since": "2025-10-20T07:50:05Z",
    "detail": "The token may not list KV namespaces.",
    "remedy": "Give it Workers KV Storage Read.",
}

EXAMPLES: Mapping[str, Any] = {
    "Error": {"error": {"code": "bad_request", "message": "limit is a whole number from 1 to 1000."}},
    "Assets": {
        "as_of": "2025-10-20T10:00:05Z",
        "total": 2_487,
        "next_cursor": "WyJhc3NldHMgdG9fZGF0ZSBkZXNjIiwwLC0xMzA5NV0",
        "assets": [_ASSET],
    },
    "Projects": {"as_of": "2025-10-20T10:00:05Z", "total": 1, "next_cursor": None, "projects": [_PROJECT]},
    "ProjectDetail": {
        "as_of": "2025-10-20T10:00:05Z",
        "project": "shop",
        "accounts": [_PROJECT],
        "products": [{"account": "Example", "product": "workers", **_DOLLARS}],
        "budgets": [_BUDGET],
        "total": 3,
        "next_cursor": "WyJhc3NldHMgbmFtZSBhc2MiXQ",
        "assets": [_ASSET],
    },
    "UsagePage": {
        "since": "2025-10-01",
        "until": "2025-10-21",
        "step": "day",
        "known_until": "2025-10-20T09:48:00Z",
        "next_cursor": "WyJ1c2FnZSIsIjIwMjUtMTAtMDEiXQ",
        "usage": [
            {
                "since": "2025-10-01",
                "until": "2025-10-02",
                **_ACCOUNT,
                "project": "shop",
                "kind": "worker",
                "asset": "shop-web",
                "asset_id": "8f14e45fceea167a5a36dedd4bea2543",
                "product": "workers",
                "meter": "workers_cpu_ms",
                "quantity": "8117204.125",
                "unit": "ms",
            }
        ],
    },
    "Texts": {
        "as_of": "2025-10-20T10:00:05Z",
        "total": 1,
        "next_cursor": None,
        "texts": [
            {
                **_ACCOUNT,
                "product": "d1",
                "dataset": "d1QueriesAdaptiveGroups",
                "label": "query",
                "value": "2bb781f88d",
                "text": "SELECT * FROM items WHERE id = ?",
            }
        ],
    },
    "Costs": {
        "by": "project",
        "period": "current",
        "accounts": [
            {
                **_ACCOUNT,
                "cycle_start": "2025-10-14",
                "cycle_end": "2025-11-14",
                "known_from": "2025-09-19",
                "known_until": "2025-10-20T09:48:00Z",
                "plan": "workers_paid",
                "plan_source": "subscriptions",
                "cycle_source": "subscriptions",
                "invoice_usd": "13.10",
                **_DOLLARS,
                "subscriptions": [{"name": "Workers Paid", "usd": "5.00", "frequency": "monthly", "is_assumed": False}],
                "lines": [
                    {
                        "meter": "workers_requests",
                        "product": "workers",
                        "basis": "exact",
                        "quantity": "37000000",
                        "included": "10000000",
                        "billed": "27000000",
                        "unit": "requests",
                        "usd": "8.10",
                        "note": "",
                    }
                ],
                "billed": [
                    {
                        "line": "Workers Standard Requests",
                        "meter": "workers_requests",
                        "billed_usd": "8.10",
                        "ratio": "1.00",
                    }
                ],
                "unpriced": [],
            }
        ],
        "total": _DOLLARS,
        "budgets": [_BUDGET],
        "notes": [],
        "rows": [{"account": "Example", "project": "shop", **_DOLLARS}],
    },
    "Alerts": {
        "source": "alertmanager",
        "asked_at": "2025-10-20T10:00:05Z",
        "notes": [],
        "alerts": [
            {
                "alert": "CloudflareWorkerErrorRatioHigh",
                "severity": "warning",
                "state": "firing",
                "since": "2025-10-20T09:50:00Z",
                "product": "workers",
                "account": "Example",
                "project": "shop",
                "asset": {"kind": "worker", "name": "shop-web"},
                "value": None,
                "summary": "Worker shop-web fails.",
                "description": "12 % of the requests of shop-web fail.",
                "action": "Roll back the latest deployment.",
                "runbook_url": "https://monitoring.example.com/cloudflare/runbook#cloudflareworkererrorratiohigh",
                "dashboard_url": "",
                "logs_url": "",
                "labels": {"alertname": "CloudflareWorkerErrorRatioHigh", "severity": "warning"},
            }
        ],
    },
    "Health": {
        "status": "degraded",
        "ready": True,
        "polling": True,
        "refresh": "7f3a-12",
        "as_of": "2025-10-20T10:00:05Z",
        "version": "0.1.0",
        "build": {"python": "3.11.2", "system": "Linux x86_64"},
        "series": 104_852,
        "refresh_interval_seconds": 60,
        "problems": [{"account": "Example", "part": "list of kv_namespace", **_TROUBLE}],
        "accounts": [{**_ACCOUNT, "state": "up", **_STANDING_WELL, "data_until": "2025-10-20T09:48:00Z"}],
        "datasets": [
            {
                "account": "Example",
                "dataset": "workersInvocationsAdaptive",
                "zone": "",
                "state": "ok",
                **_STANDING_WELL,
                "data_until": "2025-10-20T09:48:00Z",
                "sample_interval": 1,
                "audited_until": "2025-10-18T00:00:00Z",
                "days_to_fill_in": 0,
            }
        ],
        "lists": [{"account": "Example", "kind": "kv_namespace", "state": "unavailable", **_TROUBLE}],
        "sources": [
            {
                "source": "rate_card",
                "state": "up",
                **_STANDING_WELL,
                "last_success": "2025-10-20T09:14:02Z",
                "duration_seconds": 0.002,
            }
        ],
    },
}
"""The examples by the name of their schema."""
