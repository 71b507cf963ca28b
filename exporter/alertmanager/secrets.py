"""The secrets of the services, one file each, read from a folder and never shown."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from exporter.alertmanager.services import SERVICES, Service, Settings
from exporter.config.routing import Team
from exporter.model import ExporterError

_LARGEST = 64 * 1024
"""In bytes; a larger file is refused."""


class SecretError(ExporterError):
    """A secret can't be used; the message names the file and the expected content, never the actual one."""


@dataclass(frozen=True, slots=True)
class Secret:
    """The settings of the receiver ``name``, which is the file's name. ``team`` is empty if it is for everyone."""

    name: str
    service: Service
    team: str
    settings: Settings = field(repr=False)


def read_secrets(folder: Path, teams: Iterable[Team]) -> tuple[Secret, ...]:
    """Return the secrets of a folder, in the order of the services; hidden files and README are skipped.

    Raises SecretError: a file that is unreadable, empty, garbled or unknown, or a team without any file.
    """
    names = tuple(team.name for team in teams)
    try:
        there = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "README")))
    except OSError as error:
        raise SecretError(
            f"Cannot read the folder of secrets {folder}: {error.strerror}.", "Create it, or name another."
        ) from error
    places = {path: _place(path, names) for path in there}
    for name in names:
        if not any(team == name for _, team in places.values()):
            files = ", ".join(f"{service.name}-{name}" for service in SERVICES.values() if service.has_team)
            raise SecretError(
                f"The team {name} (alerting.routing.teams) has no secret in {folder}.",
                f"Create at least one of {files}.",
            )
    found = [Secret(path.name, service, team, _parse(path, service)) for path, (service, team) in places.items()]
    order = list(SERVICES)
    return tuple(sorted(found, key=lambda secret: (secret.team, order.index(secret.service.name))))


def examples() -> tuple[Secret, ...]:
    """Return a dummy secret for each service."""
    return tuple(Secret(name, service, "", service.parse(service.example)) for name, service in SERVICES.items())


def _place(path: Path, teams: Collection[str]) -> tuple[Service, str]:
    """Return the service and the team that a file is for. Raises SecretError."""
    name, _, team = path.name.partition("-")
    service = SERVICES.get(name)
    if service is None or ("-" in path.name and not (team and service.has_team)):
        known = ", ".join(SERVICES)
        raise SecretError(
            f"{path} is not a known secret. Known: {known}, and for a team SERVICE-TEAM, such as slack-shop.",
            "Rename it, or move it elsewhere.",
        )
    if team and team not in teams:
        there = f"Known teams: {', '.join(teams)}" if teams else "It has no teams"
        raise SecretError(
            f"{path} is for a team {team}, which is not in alerting.routing.teams of the configuration. {there}.",
            "Add the team, or move the file elsewhere.",
        )
    return service, team


def _parse(path: Path, service: Service) -> Settings:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig").strip()
    except OSError as error:
        raise _refused(path, service, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise _refused(path, service, "is not a text file") from None
    if not text:
        raise _refused(path, service, "is empty")
    if len(content) > _LARGEST:
        raise _refused(path, service, "is too large for a secret")
    try:
        return service.parse(text)
    except ValueError as error:
        raise _refused(path, service, str(error)) from None


def _refused(path: Path, service: Service, reason: str) -> SecretError:
    return SecretError(f"The secret file {path} {reason}. It should hold {service.holds}, such as:\n{service.example}")
