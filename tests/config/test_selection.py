"""What the user chose: filters, accounts, project rules."""

import pytest
from pydantic import ValidationError

from exporter.catalog import DATASETS, KINDS
from exporter.catalog.dataset import Dataset
from exporter.config.selection import Filter, Match, Selection
from exporter.model import Account, Asset

ACCOUNT = Account("a" * 32, "Example")
SHOP = Asset("worker", "w1", "shop-web", tags=("team:web", "beta"))


def chosen(**sections: object) -> Selection:
    """The choices of a configuration."""
    return Selection.model_validate(sections)


@pytest.mark.parametrize(
    ("include", "exclude", "wanted"),
    [
        ([], [], {"shop-web", "shop-api", "blog"}),
        (["shop-*"], [], {"shop-web", "shop-api"}),
        ([], ["*-api"], {"shop-web", "blog"}),
        (["shop-*", "blog"], ["*-api"], {"shop-web", "blog"}),
        (["SHOP-*"], [], set()),
        (["shop"], [], set()),
    ],
)
def test_a_filter_admits_what_is_included_and_not_excluded(
    include: list[str], exclude: list[str], wanted: set[str]
) -> None:
    """Globs match whole names with their case, an empty include is everything, and exclude has the last word."""
    choice = Filter.model_validate({"include": include, "exclude": exclude})
    assert {name for name in ("shop-web", "shop-api", "blog") if choice.admits(name)} == wanted


@pytest.mark.parametrize(
    ("sections", "is_wanted"),
    [
        ({}, True),
        ({"include": ["Ex*"]}, True),
        ({"include": ["a" * 32]}, True),
        ({"include": ["Other"]}, False),
        ({"exclude": ["Example"]}, False),
        ({"include": ["Ex*"], "exclude": ["a*"]}, False),
    ],
)
def test_an_account_is_chosen_by_id_or_name(sections: dict[str, list[str]], is_wanted: bool) -> None:
    """Both are matched as globs."""
    assert chosen(accounts=sections).accounts.admits(ACCOUNT) is is_wanted


MATCHES = {
    "a glob on the name": ({"name": "shop-*"}, True),
    "a glob that is only a part": ({"name": "shop"}, False),
    "a regular expression on the whole name": ({"regex": "shop-(web|api)"}, True),
    "a regular expression that is only a part": ({"regex": "shop"}, False),
    "the kind": ({"kind": "worker"}, True),
    "another kind": ({"kind": "r2_bucket"}, False),
    "a glob on any tag": ({"tag": "team:*"}, True),
    "a tag that is not there": ({"tag": "team"}, False),
    "the account's id": ({"account": "a" * 32}, True),
    "the account's alias": ({"account": "production"}, True),
    "a glob on the account's name": ({"account": "Ex*"}, True),
    "another account": ({"account": "staging"}, False),
    "all conditions hold": ({"name": "shop-*", "kind": "worker", "tag": "beta"}, True),
    "one condition fails": ({"name": "shop-*", "kind": "worker", "tag": "alpha"}, False),
}


@pytest.mark.parametrize("case", MATCHES)
def test_a_rule_matches_when_all_its_conditions_hold(case: str) -> None:
    """Each condition is as the documentation says."""
    match, holds = MATCHES[case]
    selection = chosen(accounts={"alias": {ACCOUNT.id: "production"}}, projects=[{"match": match, "project": "store"}])
    assert selection.project_of(SHOP, ACCOUNT) == ("store" if holds else "")


def test_the_first_rule_that_matches_counts() -> None:
    """Later rules, and those that do not match, say nothing."""
    selection = chosen(
        projects=[
            {"match": {"name": "blog-*"}, "project": "blog"},
            {"match": {"name": "shop-*"}, "project": "first"},
            {"match": {"name": "*"}, "project": "second"},
        ]
    )
    assert selection.project_of(SHOP, ACCOUNT) == "first"
    assert selection.project_of(Asset("worker", "w2", "web"), ACCOUNT) == "second"


@pytest.mark.parametrize(
    ("sections", "key", "message"),
    [
        ({"projects": [{"match": {}, "project": "x"}]}, ("projects", 0, "match"), "set at least one of"),
        ({"projects": [{"match": {"name": None}, "project": "x"}]}, ("projects", 0, "match"), "set at least one of"),
        ({"projects": [{"project": "x"}]}, ("projects", 0, "match"), "Field required"),
        ({"projects": [{"match": {"name": "*"}, "project": " "}]}, ("projects", 0, "project"), "must not be empty"),
        (
            {"projects": [{"match": {"regex": "shop-("}, "project": "x"}]},
            ("projects", 0, "match", "regex"),
            "not a valid regular expression: missing ), unterminated subpattern",
        ),
        (
            {"projects": [{"match": {"kind": "bucket"}, "project": "x"}]},
            ("projects", 0, "match", "kind"),
            "matches no kind; known: worker, r2_bucket,",
        ),
        ({"accounts": {"alias": {"shop": "x"}}}, ("accounts", "alias", "shop", "[key]"), "must be an account id"),
        ({"accounts": {"alias": {"a" * 32: ""}}}, ("accounts", "alias", "a" * 32), "must not be empty"),
        (
            {"accounts": {"alias": {"a" * 32: "x", "b" * 32: "x"}}},
            ("accounts",),
            "alias: used for two accounts: x",
        ),
        (
            {"filters": {"products": {"include": ["wokers"]}}},
            ("filters", "products", "include", 0),
            "matches no product; known: workers, r2,",
        ),
        ({"filters": {"assets": {"exclude": [""]}}}, ("filters", "assets", "exclude", 0), "must not be empty"),
        ({"filters": {"zones": {}}}, ("filters", "zones"), "Extra inputs are not permitted"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused(
    sections: dict[str, object], key: tuple[str | int, ...], message: str
) -> None:
    """The error carries the key, so that the configuration's message can name it."""
    with pytest.raises(ValidationError) as caught:
        Selection.model_validate(sections)
    (fault,) = caught.value.errors()
    assert fault["loc"] == key
    assert message in fault["msg"]


def test_a_section_whose_lines_are_commented_out_says_nothing() -> None:
    """A key without a value is as if it were not there; an unknown one is still an error."""
    empty = {"accounts": {"include": None}, "filters": {"products": None, "metrics": {"exclude": None}}}
    assert chosen(**empty) == Selection()
    with pytest.raises(ValidationError):
        chosen(accounts={"includes": None})


def test_nothing_chosen_is_everything() -> None:
    """All products, datasets, metrics and assets are wanted, and no rule says anything."""
    selection = Selection()
    assert selection.datasets() == tuple(DATASETS.values())
    assert selection.kinds() == KINDS.keys()
    assert selection.wants_asset(SHOP)
    assert selection.project_of(SHOP, ACCOUNT) == ""


def test_a_product_that_is_left_out_takes_its_datasets_along() -> None:
    """Neither its kind nor its datasets are there any more."""
    selection = chosen(filters={"products": {"exclude": ["kv", "d*"]}})
    assert selection.kinds() == {"worker", "r2_bucket"}
    assert {dataset.kind for dataset in selection.datasets()} == {"worker", "r2_bucket"}


@pytest.mark.parametrize(
    ("exclude", "is_wanted"),
    [("shop-*", False), ("worker/shop-*", False), ("r2_bucket/*", True), ("shop", True), ("*/shop-web", False)],
)
def test_an_asset_is_chosen_by_name_or_kind_and_name(exclude: str, is_wanted: bool) -> None:
    """A glob is tried on both."""
    assert chosen(filters={"assets": {"exclude": [exclude]}}).wants_asset(SHOP) is is_wanted


def has_meters(dataset: Dataset) -> bool:
    """Whether the costs need the dataset."""
    return bool(dataset.meters)


def test_a_dataset_without_a_wanted_metric_is_asked_only_for_the_costs() -> None:
    """With no metric wanted at all, what is left to ask is what the meters count."""
    selection = chosen(filters={"metrics": {"include": ["none_of_ours"]}})
    assert selection.datasets() == tuple(filter(has_meters, DATASETS.values()))


def test_no_filter_hides_the_metrics_of_the_exporter_itself() -> None:
    """What is wrong stays visible, and no alert loses its threshold."""
    selection = chosen(filters={"metrics": {"include": ["cloudflare_worker_*"], "exclude": ["*_errors_total"]}})
    wanted = {
        "cloudflare_exporter_account_up": True,
        "cloudflare_alert_threshold": True,
        "cloudflare_worker_requests_total": True,
        "cloudflare_worker_errors_total": False,
        "cloudflare_d1_size_bytes": False,
    }
    assert {name: selection.wants_metric(name) for name in wanted} == wanted


def test_a_match_without_an_account_holds_in_all() -> None:
    """A rule for one account says so."""
    assert Match(name="shop-*").holds(SHOP, ("anything",))
