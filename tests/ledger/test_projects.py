"""Projects by the rules of the configuration, and what filters leave out, discovery by discovery."""

from exporter.config.selection import Selection
from exporter.model import Asset, Placement
from tests.ledger.factories import Scene, worker
from tests.ledger.test_roster import Roster, objects

WEB, API = worker("w1", "shop-web"), worker("w2", "shop-api")


def ruled(*rules: tuple[str, str]) -> Selection:
    """Choices with a rule for each glob on names."""
    return Selection.model_validate(
        {"projects": [{"match": {"name": glob}, "project": project} for glob, project in rules]}
    )


def filtered(*globs: str) -> Selection:
    """Choices that leave assets out."""
    return Selection.model_validate({"filters": {"assets": {"exclude": globs}}})


def test_a_rule_goes_before_tag_and_prefix() -> None:
    """Only what no rule is for goes by its tag or its prefix."""
    roster = Roster(selection=ruled(("*-web", "front"), ("other", "none")))
    roster.list(
        worker("w1", "shop-web", tags=("project:store",)), worker("w3", "shop-db", tags=("project:store",)), API
    )
    assert roster.projects() == {"w1": "front", "w3": "store", "w2": "shop"}


def test_a_changed_rule_moves_only_what_it_is_for() -> None:
    """Another outcome of the rules decides anew; whatever else the decision would now be, others stay."""
    roster = Roster()
    blog = worker("w3", "blog-web")
    roster.list(WEB, API, blog)
    roster.selection = ruled(("shop-web", "front"))
    roster.list(WEB, API, blog, worker("w4", "blog-api"))
    assert roster.projects() == {"w1": "front", "w2": "shop", "w3": "unassigned", "w4": "blog"}


def test_a_rule_that_is_gone_leaves_the_decision_to_tag_and_prefix() -> None:
    """Without its rule an asset goes where it would have gone."""
    roster = Roster(selection=ruled(("shop-web", "front")))
    tagged = worker("w5", "five", tags=("project:store",))
    roster.list(WEB, API, tagged)
    roster.selection = Selection()
    roster.list(WEB, API, tagged)
    assert roster.projects() == {"w1": "shop", "w2": "shop", "w5": "store"}


def test_rules_in_another_order_with_the_same_outcome_change_nothing() -> None:
    """What counts is what the rules say of the asset, not how they say it."""
    roster = Roster(selection=ruled(("shop-*", "store")))
    roster.list(WEB, API)
    roster.selection = ruled(("*-web", "store"), ("*-api", "store"))
    assert roster.list(WEB, API) == set()


def test_a_tag_does_not_move_what_a_rule_decided() -> None:
    """The rule goes first, also when the tag changes."""
    roster = Roster(selection=ruled(("shop-*", "store")))
    roster.list(WEB)
    roster.list(worker("w1", "shop-web", tags=("project:other",)))
    assert roster.projects() == {"w1": "store"}


def test_a_namespace_follows_its_worker_to_another_project() -> None:
    """It takes the project of its script, whatever moves that; a rule of its own goes first."""
    roster = Roster()
    cart, room = objects("n1", "shop-web_Cart", "shop-web"), objects("n2", "shop-web_Room", "shop-web")
    roster.list(WEB, API, cart, room)
    roster.selection = ruled(("shop-web", "front"), ("*_Room", "rooms"))
    roster.list(WEB, API, cart, room)
    assert roster.projects() == {"w1": "front", "w2": "shop", "n1": "front", "n2": "rooms"}


def test_a_namespace_keeps_its_project_when_its_worker_goes() -> None:
    """Nothing decides anew, neither while the Worker is away nor afterwards."""
    roster = Roster()
    tagged = worker("w1", "web", tags=("project:store",))
    cart = objects("n1", "web_Cart", "web")
    for found in ([tagged, cart], [cart], [cart], [cart]):
        roster.list(*found)
    assert roster.projects()["n1"] == "store"


def test_a_namespace_that_was_decided_without_its_worker_stays() -> None:
    """A Worker that comes later takes nothing along."""
    roster = Roster()
    cart = objects("n1", "shop-web_Cart", "shop-web")
    roster.list(API, cart)
    roster.list(API, cart, worker("w1", "shop-web", tags=("project:store",)))
    assert roster.projects() == {"w2": "shop", "n1": "shop", "w1": "store"}


def test_what_is_left_out_is_summed_up_per_project() -> None:
    """Its usage goes to the asset ``(filtered)`` of its project, and comes back when it is wanted again."""
    roster = Roster(selection=filtered("*-web", "worker/shop-db"))
    assets = (WEB, API, worker("w3", "shop-db"), Asset("r2_bucket", "shop-db", "shop-db"))
    roster.list(*assets)
    assert set(roster.places().values()) == {
        Placement("shop", "(filtered)"),
        Placement("shop", "shop-api"),
        Placement("shop", "shop-db"),
    }
    assert roster.names()["shop-db"] == "shop-db"
    roster.selection = Selection()
    roster.list(*assets)
    assert "(filtered)" not in roster.names().values()


def test_rows_that_carry_only_a_name_are_left_out_with_the_asset_of_that_name() -> None:
    """The name shows nowhere."""
    roster = Roster(selection=filtered("shop-web"))
    roster.register("name:shop-web")
    roster.list(WEB)
    assert roster.names() == {"w1": "(filtered)", "name:shop-web": "(filtered)"}


def test_usage_stays_exact_when_an_asset_is_left_out() -> None:
    """Its series ends, ``(filtered)`` is born at zero and gets all further usage."""
    scene = Scene()
    scene.list("09:59", WEB, API)
    scene.say_and_scrape("10:00", {})
    scene.say_and_scrape("10:01", {"10": {"w1": 5, "w2": 1}})
    scene.selection = filtered("shop-web")
    scene.list("10:02", WEB, API)
    scene.say_and_scrape("10:02", {"10": {"w1": 7, "w2": 1}})
    api = ("shop", "shop-api", "success")
    assert scene.series() == {api: 1, ("shop", "(filtered)", "success"): 0}
    scene.say("10:03", {"10": {"w1": 9, "w2": 1}})
    assert scene.series() == {api: 1, ("shop", "(filtered)", "success"): 4}
