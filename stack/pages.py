"""The web interfaces of Prometheus and Alertmanager, which some packages lack: asked, not assumed."""

import urllib.error
import urllib.request

ALERTS = ("/alerts", "/classic/alerts")
"""Where Prometheus shows alerts: everywhere, and in Debian's package, which has only the old interface."""

_SECONDS = 10


def alerts_page(prometheus: str) -> str:
    """Return the address of the page that shows the alerts of a running Prometheus; its API's if there is none."""
    found = (f"{prometheus}{path}" for path in ALERTS)
    return next((url for url in found if _page(url) is not None), f"{prometheus}/api/v1/alerts")


def has_interface(alertmanager: str) -> bool:
    """Return whether a running Alertmanager has a web interface: Debian's has a page that says that it has none."""
    return b"<script" in (_page(f"{alertmanager}/") or b"")


def reload(alertmanager: str) -> None:
    """Let Alertmanager read its configuration again. Raise OSError if it refuses it."""
    urllib.request.urlopen(f"{alertmanager}/-/reload", data=b"", timeout=_SECONDS).close()


def _page(url: str) -> bytes | None:
    """Return what is shown at an address; None if that is an error."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        error.close()
        return None
