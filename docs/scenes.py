"""The page about the demo account: its scenes, and the alerts that each deserves."""

from docs.tables import code, table
from exporter.cli.scenes import DEFAULT_SCENE, SCENES, Scene

HEAD = f"""\
# The demo account

<!-- Written by make docs. -->

`cloudflare-exporter demo` serves the metrics of a simulated account, without a token and without the network.
`make run` and `docker compose up` use it when no token is set. Five projects use all products that are read, for some
500 USD a month, and nothing is wrong with them but what a scene adds:

```sh
cloudflare-exporter demo --scene=runaway-query
```

A scene begins when the demo is started, and again at each start. The default is `{DEFAULT_SCENE}`. These alerts fire in
it, and of one incident only the worst is notified; those about money take an hour. Two more fire in each: the Watchdog
always does, and CloudflareUnlistedAssets (info) tells of a tenant's Worker that no list shows.

"""


def scenes_page() -> str:
    """Return the page."""
    return HEAD + table(("scene", "what happens", "alerts"), (_row(scene) for scene in SCENES))


def _row(scene: Scene) -> tuple[str, str, str]:
    return code(scene.name), scene.happens, ", ".join(code(alert) for alert in scene.alerts)
