"""What is chosen at the top of the pages, and what is marked in their graphs."""

from dashboards.colors import BAD, NOTICE
from dashboards.grafana import Json
from dashboards.page import annotation, datasource_variable, label_variable
from dashboards.queries import ACCOUNT, ASSET, JOB, firing, select

INFO = {
    "script_name": ("Worker", "cloudflare_worker_info"),
    "bucket": ("Bucket", "cloudflare_r2_bucket_info"),
    "database": ("Database", "cloudflare_d1_database_info"),
    "do_namespace": ("Namespace", "cloudflare_durable_object_namespace_info"),
    "kv_namespace": ("Namespace", "cloudflare_kv_namespace_info"),
}
"""The label that names an asset -> what it is called, and the metric that has all of them."""

MODIFIED = "cloudflare_asset_modified_timestamp_seconds"


def of_accounts() -> tuple[Json, ...]:
    """Return data source, job and account."""
    return (
        datasource_variable(),
        label_variable("job", "Job", "cloudflare_exporter_build_info", "job"),
        label_variable("account", "Account", f"cloudflare_exporter_account_up{{{JOB}}}", "account"),
    )


def of_projects(*, is_one: bool = False) -> tuple[Json, ...]:
    """Return those and the project."""
    listed = f"cloudflare_asset_info{{{ACCOUNT}}}"
    return (*of_accounts(), label_variable("project", "Project", listed, "project", is_one=is_one))


def of_assets(label: str) -> tuple[Json, ...]:
    """Return those and the assets of a kind."""
    title, info = INFO[label]
    return (*of_projects(), label_variable(label, title, f"{info}{{{ASSET}}}", label))


def alerts(*matchers: str) -> Json:
    """Return marks where alerts fire."""
    text = "{{project}} {{script_name}} {{bucket}} {{database}} {{do_namespace}} {{kv_namespace}} {{meter}}"
    return annotation("Alerts", firing(*matchers), BAD, title="{{alertname}}", text=text)


def deployments(*matchers: str) -> Json:
    """Return marks where the date on which an asset was changed moved: where it was deployed."""
    changed = f"changes({select(MODIFIED, *matchers)}[$__rate_interval])"
    expr = f"max by (account, project, kind, asset) ({changed}) > 0"
    return annotation("Deployments", expr, NOTICE, title="{{asset}} changed", text="{{kind}}, project {{project}}")
