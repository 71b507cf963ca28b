"""Names of records and metrics that the pages use."""

from exporter.alerts.windows import RECENT
from exporter.catalog import r2

LEVEL = "job_account"
PROJECT_LEVEL = f"{LEVEL}_project"

RATE = f"rate{RECENT}"
"""The end of the records of rates that show what is going on now."""

REQUESTS = "cloudflare_worker_requests"
ERRORS = "cloudflare_worker_errors"
WORKER_ERROR_RATIO = f"cloudflare_worker_errors_per_requests:ratio_{RATE}"
R2_OPERATIONS = "cloudflare_r2_operations"
R2_EGRESS = "cloudflare_r2_response_bytes"
D1_ROWS_READ = "cloudflare_d1_rows_read"
D1_ROWS_WRITTEN = "cloudflare_d1_rows_written"
D1_QUERIES = "cloudflare_d1_queries"
OBJECT_REQUESTS = "cloudflare_durable_object_requests"
OBJECT_ERRORS = "cloudflare_durable_object_errors"
OBJECT_DURATION = "cloudflare_durable_object_duration_gigabyte_seconds"
KV_OPERATIONS = "cloudflare_kv_operations"
LIST_COST = "cloudflare_list_cost_usd"

R2_STORED = f"{PROJECT_LEVEL}_{r2.BUCKET.label}:cloudflare_r2_stored_bytes:sum"
QUOTA_USED = f"{LEVEL}_meter:cloudflare_quota_used_ratio:max"

REQUESTS_TOTAL = f"{REQUESTS}_total"
ERRORS_TOTAL = f"{ERRORS}_total"
R2_TOTAL = f"{R2_OPERATIONS}_total"
ROWS_READ_TOTAL = f"{D1_ROWS_READ}_total"
ROWS_WRITTEN_TOTAL = f"{D1_ROWS_WRITTEN}_total"
OBJECT_TOTAL = f"{OBJECT_REQUESTS}_total"
DURATION_TOTAL = f"{OBJECT_DURATION}_total"
KV_TOTAL = f"{KV_OPERATIONS}_total"
