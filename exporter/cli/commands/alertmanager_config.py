"""``alertmanager-config``: writes Alertmanager's configuration from a folder of secrets and the routing settings."""

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
    "Write a complete Alertmanager configuration with a receiver for each secret in a folder: "
    f"{', '.join(SERVICES)}, or SERVICE-TEAM for a team of alerting.routing. The output contains the secrets, so only "
    "its owner can read it; it is replaced atomically. See docs/alerting.md."
)

WEBHOOK_EXAMPLE = "http://127.0.0.1:9095/"


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument(
        "--secrets-dir", type=Path, required=True, metavar="FOLDER", help="folder of the secrets, one file each"
    )
    command.add_argument("--output", type=Path, required=True, metavar="FILE", help="file to write")
    command.add_argument(
        "--webhook",
        action="append",
        default=[],
        type=_webhook,
        metavar="URL",
        help="also post every alert of any team here, e.g. to a program on the same machine (repeatable)",
    )


def run(options: argparse.Namespace, routing: Routing, external_url: str | None) -> tuple[str, str]:
    """Write the file, and return the texts for standard output and standard error.

    Raises SecretError, or ExporterError if the file cannot be written.
    """
    secrets = read_secrets(options.secrets_dir, routing.teams)
    _replace(options.output, write(routing, secrets, options.webhook, external_url=external_url))
    names = ", ".join([*(secret.name for secret in secrets), *options.webhook]) or "none"
    return f"Wrote {options.output}. Receivers: {names}.\n", "".join(_warnings(options, secrets))


def _warnings(options: argparse.Namespace, secrets: Sequence[Secret]) -> Iterator[str]:
    if not secrets and not options.webhook:
        hook = options.secrets_dir / "discord"
        yield f"No alert is sent anywhere: {options.secrets_dir} holds no secret. For Discord, put a webhook URL into "
        yield f"{hook} and run this again.\n"
        return
    for severity in unrouted(secrets, options.webhook):
        services = ", ".join(name for name, service in SERVICES.items() if severity in service.severities)
        yield f"Alerts of severity {severity} reach only teams. For a default receiver add one of {services}.\n"


def _replace(output: Path, text: str) -> None:
    """Replace a file atomically; only its owner can ever read it. Raises ExporterError."""
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
