"""The parameters of the API, each described once: for the OpenAPI document and for reading requests."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.datastructures import QueryParams

from exporter.alerts import SEVERITIES, State
from exporter.catalog import PRODUCTS, kinds_of
from exporter.catalog.product import Product
from exporter.costs import GROUPS
from exporter.costs.history import QueryError
from exporter.nearest import did_you_mean
from exporter.views import ASCENDING, DEFAULT_LIMIT, DESCENDING, LARGEST_LIMIT, NAME, SORTS, Paging, Step

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A request parameter: its description, the JSON Schema of one value, and whether it may be repeated."""

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
    """Return the parameter that selects assets by kind."""
    return _repeatable("kind", "Only assets of this kind.", list(kinds_of(products)))


DAY = {"type": "string", "format": "date"}

ACCOUNT = _repeatable("account", "Only this account, by label or id.")
PROJECT = _repeatable("project", "Only this project.")
KIND = kind_parameter(PRODUCTS)
ASSET = _repeatable("asset", "Only this asset, by name or id.")
METER = _repeatable("meter", "Only this meter, by its id on the rate card, e.g. `workers_requests`.")
LABEL = _repeatable("label", "Only this label, by name.")
VALUE = _repeatable("value", "Only this value of a label, as in `/metrics`.")
LIMIT = Parameter(
    "limit",
    "The maximum number of rows on a page.",
    {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
)
CURSOR = Parameter(
    "cursor", "The `next_cursor` of the previous page; all other parameters must be the same as for that page."
)
SORT = Parameter(
    "sort", "The sort key of the assets; those with an unknown value come last.", _one_of([NAME, *SORTS], NAME)
)
ORDER = Parameter(
    "order",
    f"The direction; default `{ASCENDING}` for `{NAME}`, else `{DESCENDING}`: the largest or newest first.",
    _one_of([ASCENDING, DESCENDING]),
)
SINCE = Parameter("since", "The first UTC day; default 30 days before `until`. The ledger keeps 400 days.", DAY)
UNTIL = Parameter("until", "The UTC day after the last one; default tomorrow, so that today is included.", DAY)
STEP = Parameter("step", "The period of a row; weeks begin on Monday.", _one_of([str(each) for each in Step], Step.DAY))
NAME_IN_PATH = Parameter("name", "The project's name, URL-encoded.", is_in_path=True)

BY = Parameter("by", "The grouping of `rows`.", _one_of(list(GROUPS), "project"))
PERIOD = Parameter(
    "period",
    "The billing cycle: `current`, `previous`, or the one that contains a day such as `2026-11-30`.",
    {"type": "string", "default": "current"},
)
COMPARE = Parameter(
    "compare", "Two projects or two periods, separated by a comma; the answer then has `compare` instead of `rows`."
)
OUTPUT = Parameter("output", "JSON, or CSV with FOCUS columns.", _one_of(["json", "csv"], "json"))

PRODUCT = _repeatable("product", "Only alerts about this product.")
SEVERITY = _repeatable("severity", "Only alerts of this severity.", SEVERITIES)
STATE = _repeatable(
    "state",
    "Only alerts in this state; default all but `pending`. `all` adds the pending ones.",
    [*map(str, State), ALL_STATES],
)
WATCHDOG = Parameter(
    "watchdog", "Whether the alert that always fires is included.", _one_of(["true", "false"], "false")
)


class RequestParameters:
    """The values of a request's parameters."""

    def __init__(self, params: QueryParams) -> None:
        self._params = params

    def all(self, parameter: Parameter) -> tuple[str, ...]:
        """Return all values of a parameter, one for each repetition."""
        return tuple(self._params.getlist(parameter.name))

    def text(self, parameter: Parameter) -> str:
        """Return the value of a parameter, or its default; empty if it has neither."""
        return str(self._params.get(parameter.name, parameter.schema.get("default", "")))

    def number(self, parameter: Parameter) -> int:
        """Return the value of a parameter that is a number."""
        return int(self.text(parameter))

    def day(self, parameter: Parameter) -> date | None:
        """Return the value of a parameter that is a day."""
        return date.fromisoformat(text) if (text := self.text(parameter)) else None

    def paging(self) -> Paging:
        """Return the requested page."""
        return Paging(self.number(LIMIT), self.text(CURSOR))


def read(params: QueryParams, known: Sequence[Parameter]) -> RequestParameters:
    """Return the values of a request that supports these parameters. Raises QueryError."""
    names = {parameter.name for parameter in known}
    unknown = sorted(set(params) - names)
    if unknown:
        supported = ", ".join(sorted(names)) or "none"
        meant = did_you_mean(unknown[0], names)
        raise QueryError(f"Unknown parameter {', '.join(unknown)}.{meant} Supported: {supported}.")
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
        raise QueryError(
            f"{parameter.name} is one of {', '.join(schema['enum'])}.{did_you_mean(value, schema['enum'])}"
        )
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
