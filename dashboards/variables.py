"""The variables at the top of the pages, and the annotations in their graphs."""

from collections.abc import Iterable

from dashboards.colors import BAD, NOTICE
from dashboards.grafana import Json
from dashboards.page import annotation, datasource_variable, label_variable
from dashboards.queries import ACCOUNT, ASSET, JOB, firing, select
from exporter.catalog import PRODUCTS, kinds_of
from exporter.catalog.asset_kind import AssetKind
from exporter.catalog.product import Product

WITH_PROJECTS = ("cloudflare_asset_info", "cloudflare_cost_cycle_to_date_usd", "cloudflare_list_cost_usd_total")
"""What tells all projects, ``unassigned`` included."""

MODIFIED = "cloudflare_asset_modified_timestamp_seconds"


def of_accounts() -> tuple[Json, ...]:
    """Return data source, job and account."""
    return (
        datasource_variable(),
        label_variable("job", "Job", "cloudflare_exporter_build_info", "job"),
        label_variable("account", "Account", f"cloudflare_exporter_account_up{{{JOB}}}", "account"),
    )


def of_projects(*, is_one: bool = False) -> tuple[Json, ...]:
    """Return those and the project: of listed assets, and of what costs something though no list has it."""
    listed = f'{{__name__=~"{"|".join(WITH_PROJECTS)}",{ACCOUNT}}}'
    return (*of_accounts(), label_variable("project", "Project", listed, "project", is_one=is_one))


def of_assets(kind: AssetKind) -> tuple[Json, ...]:
    """Return those and the assets of a kind, those with usage that no list has included."""
    listed = f'{{__name__=~"cloudflare_.+",{ASSET},{kind.label}!=""}}'
    return (*of_projects(), label_variable(kind.label, kind.title, listed, kind.label))


def alerts(*matchers: str, products: Iterable[Product] = PRODUCTS) -> Json:
    """Return annotations where alerts fire, with their subjects."""
    labels = ("project", *(kind.label for kind in kinds_of(products).values()), "meter")
    text = " ".join(f"{{{{{label}}}}}" for label in labels)
    return annotation("Alerts", firing(*matchers), BAD, title="{{alertname}}", text=text)


def deployments(*matchers: str) -> Json:
    """Return annotations where the modification date of an asset moved, that is, where it was deployed."""
    changed = f"changes({select(MODIFIED, *matchers)}[$__rate_interval])"
    expr = f"max by (account, project, kind, asset) ({changed}) > 0"
    return annotation("Deployments", expr, NOTICE, title="{{asset}} changed", text="{{kind}}, project {{project}}")
