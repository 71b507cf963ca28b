"""The parameters of the API: each is described once, for whoever asks and for what reads the question."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.datastructures import QueryParams

from exporter.alerts import SEVERITIES, State
from exporter.catalog import PRODUCTS
from exporter.catalog.entry import Product
from exporter.costs import GROUPS
from exporter.costs.history import QueryError
from exporter.views import ASCENDING, DEFAULT_LIMIT, DESCENDING, LARGEST_LIMIT, NAME, SORTS, Paging, Step

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a question: what it says, and the JSON Schema of one value. It may be repeated, or not."""

    name: str
    text: str
    schema: Schema = field(default_factory=lambda: {"type": "string"})
    is_repeatable: bool = False
    is_in_path: bool = False


ALL_STATES = "all"


def _repeatable(name: str, text: str, choices: Sequence[str] = ()) -> Parameter:
    return Parameter(name, text, _one_of(choices) if choices else {"type": "string"}, is_repeatable=True)


def _one_of(choices: Sequence[str], default: str = "") -> Schema:
    schema = {"type": "string", "enum": list(choices)}
    return {**schema, "default": default} if default else schema


def kind_parameter(products: Iterable[Product]) -> Parameter:
    """Return the parameter that keeps the assets of some kinds."""
    return _repeatable("kind", "Only assets of this kind.", [product.kind for product in products])


DAY = {"type": "string", "format": "date"}

ACCOUNT = _repeatable("account", "Only this account, by label or id.")
PROJECT = _repeatable("project", "Only this project.")
KIND = kind_parameter(PRODUCTS)
ASSET = _repeatable("asset", "Only this asset, by name or id.")
METER = _repeatable("meter", "Only this meter, by its id on the rate card, e.g. `workers_requests`.")
LIMIT = Parameter(
    "limit",
    "How many rows a page has at most.",
    {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
)
CURSOR = Parameter("cursor", "What `next_cursor` of the page before says; everything else is asked as for that page.")
SORT = Parameter(
    "sort", "What assets are sorted by; those of which it is not known come last.", _one_of([NAME, *SORTS], NAME)
)
ORDER = Parameter(
    "order",
    f"The direction; usually `{ASCENDING}` for `{NAME}`, else `{DESCENDING}`: the largest or newest first.",
    _one_of([ASCENDING, DESCENDING]),
)
SINCE = Parameter("since", "The first UTC day; usually 30 days before `until`. The ledger keeps 400.", DAY)
UNTIL = Parameter("until", "The UTC day after the last one; usually tomorrow, so that today so far is told.", DAY)
STEP = Parameter(
    "step", "How long the time of a row is; weeks begin on Monday.", _one_of([str(each) for each in Step], Step.DAY)
)
NAME_IN_PATH = Parameter("name", "The project's name, URL-encoded.", is_in_path=True)

BY = Parameter("by", "What a row of `rows` is.", _one_of(list(GROUPS), "project"))
PERIOD = Parameter(
    "period",
    "The billing cycle: `current`, `previous`, or the one that a day is in, such as `2026-11-30`.",
    {"type": "string", "default": "current"},
)
COMPARE = Parameter(
    "compare", "Two projects, or two periods, with a comma between: `compare` then takes `rows`' place."
)
OUTPUT = Parameter("output", "JSON, or CSV with the columns of FOCUS.", _one_of(["json", "csv"], "json"))

PRODUCT = _repeatable("product", "Only alerts about this product.")
SEVERITY = _repeatable("severity", "Only alerts of this severity.", SEVERITIES)
STATE = _repeatable(
    "state",
    "Only alerts in this state; usually all that fire. `all` adds what is pending.",
    [*map(str, State), ALL_STATES],
)
WATCHDOG = Parameter(
    "watchdog", "Whether the alert that always fires is told too.", _one_of(["true", "false"], "false")
)


class RequestParameters:
    """The values of a question's parameters."""

    def __init__(self, params: QueryParams) -> None:
        self._params = params

    def all(self, parameter: Parameter) -> tuple[str, ...]:
        """Return every value that a parameter has, as often as it is repeated."""
        return tuple(self._params.getlist(parameter.name))

    def text(self, parameter: Parameter) -> str:
        """Return the value of a parameter, else what it usually is; empty if there is nothing usual."""
        return str(self._params.get(parameter.name, parameter.schema.get("default", "")))

    def number(self, parameter: Parameter) -> int:
        """Return the value of a parameter that is a number."""
        return int(self.text(parameter))

    def day(self, parameter: Parameter) -> date | None:
        """Return the value of a parameter that is a day."""
        return date.fromisoformat(text) if (text := self.text(parameter)) else None

    def paging(self) -> Paging:
        """Return which page is asked for."""
        return Paging(self.number(LIMIT), self.text(CURSOR))


def read(params: QueryParams, known: Sequence[Parameter]) -> RequestParameters:
    """Return the values of a question that has these parameters. Raises QueryError."""
    names = {parameter.name for parameter in known}
    unknown = sorted(set(params) - names)
    if unknown:
        supported = ", ".join(sorted(names)) or "none"
        raise QueryError(f"Unknown parameter {', '.join(unknown)}. Supported: {supported}.")
    for parameter in known:
        values = params.getlist(parameter.name)
        if len(values) > 1 and not parameter.is_repeatable:
            raise QueryError(f"{parameter.name} is given {len(values)} times: give it once.")
        for value in values:
            _check(parameter, value)
    return RequestParameters(params)


def _check(parameter: Parameter, value: str) -> None:
    schema = parameter.schema
    if "enum" in schema and value not in schema["enum"]:
        raise QueryError(f"{parameter.name} is one of {', '.join(schema['enum'])}.")
    if schema["type"] == "integer":
        least, most = schema["minimum"], schema["maximum"]
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and least <= int(value) <= most):
            raise QueryError(f"{parameter.name} is a whole number from {least} to {most}.")
    if schema.get("format") == "date" and not _is(date.fromisoformat, value):
        raise QueryError(f"{parameter.name} is a day such as 2026-11-30.")


def _is(read_value: Callable[[str], object], value: str) -> bool:
    try:
        read_value(value)
    except ValueError:
        return False
    return True
