"""The status page in a real browser, without JavaScript: it reads well, and its form and links do their work."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage

PHONE, LAPTOP = 390, 1300


def column(page: Page, head: str, kind: str) -> list[str]:
    """The cells below a head, in rows of a kind."""
    return [text.strip() for text in page.locator(f'.assets tr.{kind} td[data-head="{head}"]').all_inner_texts()]


def amounts(texts: list[str]) -> list[float]:
    """What cells say in dollars."""
    return [float(re.sub(r"[$,<]", "", text)) for text in texts]


def brightness(page: Page, what: str) -> int:
    """How bright the page's background or text is, from 0 to 765."""
    # The browser itself computes the style: scripts of the page are off, those of the test are not.
    value = page.locator("body").evaluate(f"body => getComputedStyle(body).{what}")
    return sum(int(each) for each in re.findall(r"\d+", value)[:3])


def test_everything_is_to_be_seen(open_page: OpenPage) -> None:
    """What it is, its links, the account with its freshness, and the assets below their projects."""
    page = open_page()
    assert page.title() == "Cloudflare exporter"
    assert re.search(r"Cloudflare exporter \d+\.\d+", page.locator("h1").inner_text())
    assert page.get_by_text("The exporter has no problem.").is_visible()
    for name in ("Metrics", "API description", "Overview", "Workers"):
        assert page.get_by_role("link", name=name, exact=True).is_visible()
    accounts = page.locator("table").first
    assert "Example" in accounts.inner_text()
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d \(.* ago\)", accounts.inner_text())
    assert {"shop-web", "data-warehouse", "blog-media"} <= set(column(page, "Asset", "asset"))
    assert all(row.is_visible() for row in page.locator(".assets tr").all())


def test_a_click_sorts(open_page: OpenPage) -> None:
    """The head that is clicked shows its direction, and the projects are in order."""
    page = open_page()
    page.get_by_role("link", name="Forecast", exact=True).click()
    assert page.locator("th[aria-sort]").inner_text().startswith("Forecast")
    down = amounts(column(page, "Forecast", "project"))
    assert len(down) > 3
    assert down == sorted(down, reverse=True)
    page.get_by_role("link", name="Forecast", exact=True).click()
    up = amounts(column(page, "Forecast", "project"))
    assert up == sorted(up)
    assert page.locator("th[aria-sort='ascending']").count() == 1


def test_the_form_narrows_down_and_keeps_the_order(open_page: OpenPage) -> None:
    """A person types, chooses, presses the button, and goes back to everything."""
    page = open_page()
    page.get_by_role("link", name="Asset", exact=True).click()
    page.get_by_label("Name or id").fill("SHOP")
    page.get_by_label("Kind").select_option("worker")
    page.get_by_role("button", name="Show").click()
    assert column(page, "Asset", "asset") == ["shop-web"]
    assert page.get_by_label("Name or id").input_value() == "SHOP"
    assert page.locator("th[aria-sort]").inner_text().startswith("Asset")
    page.get_by_role("link", name="Show everything").click()
    assert len(column(page, "Asset", "asset")) > 10


def test_datasets_open_without_a_script(open_page: OpenPage) -> None:
    """They are folded up while all is well."""
    page = open_page()
    rows = page.locator("details").first.locator("tbody tr")
    assert not rows.first.is_visible()
    page.get_by_role("heading", name="Datasets").click()
    assert rows.first.is_visible()
    assert rows.count() > 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_in_light_and_dark(open_page: OpenPage, scheme: str) -> None:
    """Text and background are far apart, as the reader's system wants them."""
    page = open_page(scheme=scheme)
    back, text = brightness(page, "backgroundColor"), brightness(page, "color")
    assert (back > 600 and text < 200) if scheme == "light" else (back < 150 and text > 600)


@pytest.mark.parametrize("width", [PHONE, 768, 1024, LAPTOP])
def test_nothing_is_wider_than_the_screen(open_page: OpenPage, width: int, tmp_path: Path) -> None:
    """On a phone and on a laptop nothing has to be moved sideways."""
    page = open_page(width=width)
    page.get_by_role("heading", name="Datasets").click()
    assert page.locator("html").evaluate("root => root.scrollWidth") <= width
    picture = tmp_path / "page.png"
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 20_000


def test_a_wrong_question_is_answered_on_the_page(open_page: OpenPage) -> None:
    """The reader sees what is wrong, and the way back."""
    page = open_page()
    page.goto(page.url + "?sort=colour")
    assert page.get_by_text("sort is one of").is_visible()
    page.get_by_role("link", name="Show everything").click()
    assert len(column(page, "Asset", "asset")) > 10
