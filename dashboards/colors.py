"""The meaning of colours, the same on every page. Colour-blind people can tell them apart.

A series named here has its colour everywhere; the others have Grafana's own colours, one after the other.
"""

GOOD, CAREFUL, BAD = "#009E73", "#E69F00", "#D55E00"
NOTICE = "#56B4E9"
PLAIN = "#56B4E9"
"""The colour of bars and curves that are neither good nor bad."""

SKY, OLIVE, PINK, PURPLE, VIOLET, SAND = "#56B4E9", "#AAAA00", "#FFAABB", "#AA3377", "#785EF0", "#EEDD88"
"""Colours without a meaning, any two of which look different to colour-blind people too."""

PRODUCTS = {
    "workers": SKY,
    "r2": OLIVE,
    "d1": PINK,
    "durable_objects": VIOLET,
    "kv": SAND,
    "workers_for_platforms": PURPLE,
}

CLASSES = {"A": CAREFUL, "B": SKY, "free": VIOLET, "unknown": PINK}
"""The colours of R2's classes of operations, by cost."""

ACTIONS = {"read": SKY, "write": CAREFUL, "list": PURPLE, "delete": SAND}
"""The colours of KV's actions."""

REQUESTS = {"all": SKY, "failed": BAD}

FORECAST = {"to date": SKY, "forecast": CAREFUL}

QUANTILES = {"p50": SKY, "p90": OLIVE, "p95": OLIVE, "p99": PURPLE}

FAINT = "#8E8E8E"
"""The colour of what is only there for comparison: the week before, and the edges of a range."""

BY_POSITION = "palette-classic"
"""Grafana's colours for series whose names nobody knows, in the order of their names: neighbours always differ."""

DISTINCT = 7
"""How many of Grafana's first colours nobody takes for another: so many names keep theirs on a whole page."""

MEANINGS = (PRODUCTS, CLASSES, ACTIONS, REQUESTS, FORECAST, QUANTILES)
"""The colours of series by name, for each kind of name."""

PALETTE = frozenset(
    {GOOD, CAREFUL, BAD, NOTICE, PLAIN, FAINT, "text", "transparent"}
    | {color for named in MEANINGS for color in named.values()}
)
