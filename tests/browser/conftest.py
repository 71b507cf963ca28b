"""A real browser, without a window, and an exporter on the demo account for it to look at."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from stack.port import LOOPBACK, any_free
from stack.process import Process

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update")
START_SECONDS = 60

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as it is installed."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser on PATH ({', '.join(NAMES)}): install the package chromium")
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def exporter_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an exporter on the demo account has its page."""
    address = f"{LOOPBACK}:{any_free()}"
    command: list[str | Path] = [
        Path(sys.executable).with_name("cloudflare-exporter"),
        "demo",
        f"--web.listen-address={address}",
        "--alerting.grafana-url=http://grafana.test",
    ]
    with Process("exporter", command, tmp_path_factory.mktemp("browser") / "log") as process:
        process.start()
        process.wait_until_ready(f"http://{address}/-/ready", START_SECONDS)
        yield f"http://{address}/"


@pytest.fixture
def open_page(browser: Browser, exporter_url: str) -> Iterator[OpenPage]:
    """Opens the page without JavaScript; whatever it says to the console, or wants to load, is a failure."""
    contexts = []

    def opened(width: int = 1300, scheme: str = "light") -> Page:
        context = browser.new_context(
            java_script_enabled=False,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 900},
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(exporter_url)
        return page

    said: list[str] = []
    asked: list[str] = []
    yield opened
    for context in contexts:
        context.close()
    # A page that says what was wrong with the question comes with this status.
    assert [line for line in said if "status of 400" not in line] == []
    # A browser asks for the icon of a site by itself.
    assert {url.partition("?")[0].partition("#")[0] for url in asked} <= {exporter_url, f"{exporter_url}favicon.ico"}
