"""The meaning of colours, the same on every page. Colour-blind people can tell them apart.

A series named here has its colour everywhere; Grafana picks the others by name.
"""

GOOD, CAREFUL, BAD = "#009E73", "#E69F00", "#D55E00"
NOTICE = "#56B4E9"
PLAIN = "#56B4E9"
"""The colour of bars and curves that are neither good nor bad."""

PRODUCTS = {
    "workers": "#56B4E9",
    "r2": "#F0E442",
    "d1": "#CC79A7",
    "durable_objects": "#0072B2",
    "kv": "#44AA99",
    "workers_for_platforms": "#999999",
}

CLASSES = {"A": "#E69F00", "B": "#56B4E9", "free": "#009E73", "unknown": "#999999"}
"""The colours of R2's classes of operations, by cost."""

ACTIONS = {"read": "#56B4E9", "write": "#E69F00", "list": "#CC79A7", "delete": "#999999"}
"""The colours of KV's actions."""

NOTHING = "#999999"
"""The colour of the zero that stands for no series."""

REQUESTS = {"all": "#56B4E9", "failed": "#D55E00"}

FORECAST = {"to date": "#56B4E9", "forecast": "#E69F00", "at least": "#999999", "at most": "#999999"}

PALETTE = frozenset(
    {GOOD, CAREFUL, BAD, NOTICE, PLAIN, NOTHING, "text", "transparent"}
    | {color for named in (PRODUCTS, CLASSES, ACTIONS, REQUESTS, FORECAST) for color in named.values()}
)
