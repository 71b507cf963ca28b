"""The overview: is the data fresh, what is there, and how much of it is used."""

from dashboards.freshness import FIRING, freshness
from dashboards.grafana import Json
from dashboards.page import annotation, dashboard, datasource_variable, label_variable
from dashboards.queries import ACCOUNT
from dashboards.usage import LATE, d1, durable_objects, kv, largest_users, projects, r2, workers


def overview() -> Json:
    """Give the dashboard ``Cloudflare / Overview``."""
    return dashboard(
        "cloudflare-overview",
        "Cloudflare / Overview",
        f"What runs on Cloudflare and how much of it is used, by project. {LATE}",
        variables=(
            datasource_variable(),
            label_variable("job", "Job", "cloudflare_exporter_build_info", "job"),
            label_variable("account", "Account", 'cloudflare_exporter_account_up{job=~"$job"}', "account"),
            label_variable("project", "Project", f"cloudflare_asset_info{{{ACCOUNT}}}", "project"),
        ),
        annotations=(
            annotation("Alerts", FIRING, "red", title="{{alertname}}", text="{{project}} {{script_name}} {{bucket}}"),
        ),
        sections=(freshness(), projects(), workers(), r2(), d1(), durable_objects(), kv(), largest_users()),
    )
