"""The types of the table of alerts: the numbers and the subject of an alert. Data only."""

from dataclasses import dataclass
from enum import Enum

from exporter.alerts.names import SEVERITIES

ACCOUNT, PROJECT = "account", "project"

FREE_PLAN = "threshold_free_plan"
"""The setting that replaces the threshold in accounts on the free plan."""


class Scale(Enum):
    """What makes an alert critical: dollars, or harm to those who use what is deployed, whatever it costs."""

    MONEY = "usage and money"
    AVAILABILITY = "availability"


@dataclass(frozen=True, slots=True)
class Threshold:
    """The default threshold of an alert for a severity, in the alert's unit.

    ``reason`` explains the number.
    """

    severity: str
    default: float
    reason: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Another number that an alert depends on, usually the traffic below which it stays silent."""

    name: str
    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """An alert with its thresholds and its settings.

    If the configuration can set other thresholds, ``subject`` names their scope: an account, a project, or a kind of
    asset; ``unit`` is the unit of the thresholds in words. ``why`` says why one wants to be told, at these defaults;
    ``if_wrong`` what an alert costs that fires without need, or does not when it should. An alert that compares with
    no threshold has a ``fixed_severity``.
    """

    name: str
    thresholds: tuple[Threshold, ...] = ()
    settings: tuple[Setting, ...] = ()
    subject: str = ""
    unit: str = ""
    fixed_severity: str = ""
    scale: Scale | None = None
    why: str = ""
    if_wrong: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError if nothing says at which severity it fires, or two things do."""
        if bool(self.fixed_severity) == bool(self.thresholds):
            raise ValueError(f"{self.name} has to have either thresholds or a fixed severity")

    @property
    def is_adjustable(self) -> bool:
        """Return whether the configuration can override the thresholds."""
        return bool(self.subject)

    @property
    def severities(self) -> tuple[str, ...]:
        """Return the severities at which it fires, the worst first."""
        fixed = (self.fixed_severity,) if self.fixed_severity else ()
        return tuple(sorted((*fixed, *(each.severity for each in self.thresholds)), key=SEVERITIES.index))

    @property
    def severity(self) -> str:
        """Return the only severity at which it fires. Raises ValueError if there are several."""
        return self.fixed_severity or self.threshold().severity

    @property
    def has_free_plan(self) -> bool:
        """Return whether accounts on the free plan have a threshold of their own."""
        return any(each.name == FREE_PLAN for each in self.settings)

    def threshold(self, severity: str = "") -> Threshold:
        """Return the threshold of a severity, or the only one. Raises ValueError if there is none."""
        found = [each for each in self.thresholds if severity in {"", each.severity}]
        if len(found) != 1:
            raise ValueError(f"{self.name} has {len(found)} thresholds of severity {severity or 'any'}, not one")
        return found[0]

    def setting(self, name: str) -> Setting:
        """Return a setting by its name. Raises ValueError if there is none."""
        found = next((each for each in self.settings if each.name == name), None)
        if found is None:
            raise ValueError(f"{self.name} has no setting {name}")
        return found


@dataclass(frozen=True, slots=True)
class Section:
    """The alerts on one subject, with the title under which they are listed."""

    title: str
    alerts: tuple[AlertEntry, ...]
