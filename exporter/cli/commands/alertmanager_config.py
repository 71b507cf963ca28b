"""``alertmanager-config``: Alertmanager's configuration, made from the secrets of services and the configuration."""

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from exporter.alertmanager import SERVICES, Secret, read_secrets, unrouted, write
from exporter.config.fields import check_url
from exporter.config.routing import Routing
from exporter.model import ExporterError

NAME = "alertmanager-config"
HELP = "write Alertmanager's configuration from a folder of secrets"
DESCRIPTION = (
    "Write a complete configuration of Alertmanager, with a receiver for each secret in a folder: "
    f"{', '.join(SERVICES)}, or SERVICE-TEAM for a team of alerting.routing. What is written holds the secrets, so "
    "only its owner can read it; it is replaced at once or not at all. See docs/alerting.md."
)

WEBHOOK_EXAMPLE = "http://127.0.0.1:9095/"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "--secrets-dir", type=Path, required=True, metavar="FOLDER", help="where the secrets are, one file each"
    )
    command.add_argument("--output", type=Path, required=True, metavar="FILE", help="what to write")
    command.add_argument(
        "--webhook",
        action="append",
        default=[],
        type=_webhook,
        metavar="URL",
        help="post every alert there too, whatever its team, as to a program on the same machine (repeatable)",
    )


def run(options: argparse.Namespace, routing: Routing) -> tuple[str, str]:
    """Write the file, and give what is said on standard output and on standard error.

    Raises SecretError, or ExporterError if the file can't be written.
    """
    secrets = read_secrets(options.secrets_dir, routing.teams)
    _replace(options.output, write(routing, secrets, options.webhook))
    names = ", ".join([*(secret.name for secret in secrets), *options.webhook]) or "nobody"
    return f"{options.output} is written; told are: {names}.\n", "".join(_warnings(options, secrets))


def _warnings(options: argparse.Namespace, secrets: Sequence[Secret]) -> Iterator[str]:
    if not secrets and not options.webhook:
        hook = options.secrets_dir / "discord"
        yield f"No alert is sent anywhere: {options.secrets_dir} holds no secret. For Discord, put a webhook's address "
        yield f"into {hook} and run this again.\n"
        return
    for severity in unrouted(secrets, options.webhook):
        services = ", ".join(name for name, service in SERVICES.items() if severity in service.severities)
        yield f"Nobody is told of alerts of severity {severity}, but for teams: that takes one of {services}.\n"


def _replace(output: Path, text: str) -> None:
    """Put a text in the place of a file, which only its owner can read from its beginning. Raises ExporterError."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(output)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise ExporterError(f"Cannot write {output}: {error.strerror}.", "Name another file with --output.") from error


def _webhook(text: str) -> str:
    try:
        return check_url(text, WEBHOOK_EXAMPLE)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
