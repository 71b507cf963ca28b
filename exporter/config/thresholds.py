"""The list ``alerting.thresholds`` of the configuration: thresholds for some accounts, projects or assets."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from exporter.alerts.table import ACCOUNT, ADJUSTABLE, PROJECT, AlertEntry
from exporter.config.fields import Exact, Section, Word
from exporter.nearest import ending

PLACES = 9
"""The maximum number of decimal places of a threshold."""


def _check_alert(name: str) -> str:
    if name not in ADJUSTABLE:
        meant = ending(name, ADJUSTABLE)
        raise ValueError(f"not an alert with an adjustable threshold; known: {', '.join(ADJUSTABLE)}{meant}")
    return name


AlertName = Annotated[str, AfterValidator(_check_alert)]
Threshold = Annotated[Exact, Field(gt=0, decimal_places=PLACES)]


class ThresholdRule(Section):
    """The threshold of one alert and severity where every given condition holds; without conditions, everywhere.

    Names are matched as globs, against an asset's name and against the label that its usage carries.
    """

    alert: AlertName = Field(description="The alert's name.", examples=["CloudflareWorkerErrorRatioHigh"])
    value: Threshold = Field(description="The threshold, in the alert's unit (see below).", examples=[0.2])
    severity: str | None = Field(
        default=None,
        validate_default=True,
        description="The severity that the threshold is for; required if the alert has several.",
        examples=["critical"],
    )
    account: Word | None = Field(
        default=None,
        description="The account's alias or id, or a glob on its name; absent: all.",
        examples=["production"],
    )
    project: Word | None = Field(
        default=None, description="A glob on the project; not for alerts about an account.", examples=["shop"]
    )
    asset: Word | None = Field(
        default=None, description="A glob on the asset's name; only for alerts about assets.", examples=["batch-*"]
    )

    @field_validator("severity")
    @classmethod
    def _one_of_the_alert(cls, severity: str | None, info: ValidationInfo) -> str | None:
        alert = _alert_of(info)
        if alert is None:
            return severity
        if severity is None and len(alert.severities) > 1:
            known = " or ".join(alert.severities)
            raise ValueError(f"{alert.name} has a threshold for each severity: set severity to {known}")
        if severity is not None and severity not in alert.severities:
            known = ", ".join(alert.severities)
            raise ValueError(f"{alert.name} has no threshold for severity {severity}; it has {known}")
        return severity or alert.severities[0]

    @field_validator("project")
    @classmethod
    def _of_something_within_an_account(cls, project: str | None, info: ValidationInfo) -> str | None:
        alert = _alert_of(info)
        if project is not None and alert is not None and alert.subject == ACCOUNT:
            raise ValueError(f"{alert.name} is about a whole account: remove project")
        return project

    @field_validator("asset")
    @classmethod
    def _of_an_asset(cls, asset: str | None, info: ValidationInfo) -> str | None:
        alert = _alert_of(info)
        if asset is not None and alert is not None and alert.subject in {ACCOUNT, PROJECT}:
            article = "an account" if alert.subject == ACCOUNT else "a project"
            raise ValueError(f"{alert.name} is about {article} as a whole: remove asset")
        return asset

    def holds(self, account_names: Iterable[str], project: str = "", asset_names: Iterable[str] = ()) -> bool:
        """Return whether a subject matches; the names are those of its account and its asset."""
        return (
            _admits(self.account, account_names)
            and _admits(self.project, (project,))
            and _admits(self.asset, asset_names)
        )


def _alert_of(info: ValidationInfo) -> AlertEntry | None:
    """Return the alert of the rule being checked; None if its name is invalid, which is reported already."""
    return ADJUSTABLE.get(info.data.get("alert", ""))


def _admits(glob: str | None, names: Iterable[str]) -> bool:
    return glob is None or any(fnmatchcase(name, glob) for name in names)
