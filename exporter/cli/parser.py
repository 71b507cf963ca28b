"""The argument parser of all commands."""

import argparse
from pathlib import Path

from exporter import __version__
from exporter.cli import commands
from exporter.cli.arguments import Parser
from exporter.cli.flags import DEFAULT_LISTEN, Address, address_flag, duration_flag, path_flag, speed_flag, url_flag
from exporter.cli.offline import alertmanager_config, assets, check, costs, metrics, price, report
from exporter.cli.scenes import DEFAULT_SCENE, SCENES
from exporter.cli.serve import serve
from exporter.config.alerting import ALERTMANAGER_EXAMPLE, PROMETHEUS_EXAMPLE
from exporter.config.routing import GRAFANA_EXAMPLE
from exporter.config.web import EXTERNAL_EXAMPLE, EXTERNAL_VARIABLE
from exporter.logs import FORMATS, LEVELS

CHECK = (
    "Check what will work before a configuration is deployed: tokens, permissions, datasets, request budget and "
    "state folder, each by trying it. Nothing is changed anywhere. Exit codes: 0 no error, perhaps warnings; 1 "
    "something will not work; 2 the configuration or the command line is invalid."
)


def build_parser() -> Parser:
    """Return the argument parser of all commands."""
    web, external, stored, logged, configured = (Parser(add_help=False) for _ in range(5))
    web.add_argument(
        "--web.listen-address",
        dest="web_listen_address",
        type=address_flag,
        action="append",
        metavar="[HOST]:PORT",
        help=f"address to serve metrics on (default {DEFAULT_LISTEN}; repeatable)",
    )
    web.add_argument(
        "--web.telemetry-path",
        dest="web_telemetry_path",
        type=path_flag,
        default="/metrics",
        metavar="PATH",
        help="path of the metrics (default /metrics)",
    )
    web.add_argument(
        "--web.config.file",
        dest="web_config_file",
        type=Path,
        metavar="FILE",
        help="YAML with TLS, users and headers, in the format of all Prometheus exporters (docs/serving.md); reloaded "
        "when it or a certificate changes",
    )
    external.add_argument(
        "--web.external-url",
        dest="web_external_url",
        type=url_flag(EXTERNAL_EXAMPLE),
        metavar="URL",
        help="URL at which people reach the exporter, with the path prefix of a reverse proxy if it has one, for the "
        f"runbook links of alerts; e.g. {EXTERNAL_EXAMPLE}",
    )
    for name, title, use, example in (
        ("alertmanager", "Alertmanager", "/api/alerts", ALERTMANAGER_EXAMPLE),
        ("prometheus", "the Prometheus that evaluates the alerts", "/api/alerts", PROMETHEUS_EXAMPLE),
        ("grafana", "Grafana", "dashboard links on the page at /", GRAFANA_EXAMPLE),
    ):
        web.add_argument(
            f"--alerting.{name}-url",
            dest=f"alerting_{name}_url",
            type=url_flag(example),
            metavar="URL",
            help=f"URL of {title}, for {use}; e.g. {example}",
        )
    stored.add_argument(
        "--storage.path",
        dest="storage_path",
        metavar="FOLDER",
        help="folder of the ledger; empty: in memory (default ./data; demo: in memory)",
    )
    logged.add_argument("--log.level", dest="log_level", choices=LEVELS, default="info", help="default info")
    logged.add_argument("--log.format", dest="log_format", choices=FORMATS, default="logfmt", help="default logfmt")

    configured.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        metavar="FILE",
        help="YAML configuration; overridden by environment and flags; reloaded on SIGHUP",
    )

    parser = Parser(
        prog="cloudflare-exporter",
        description="Exact usage of everything you run on Cloudflare, for Prometheus. The default command is serve.",
        epilog="Environment: CLOUDFLARE_API_TOKEN or CLOUDFLARE_API_TOKEN_FILE, CLOUDFLARE_ACCOUNT_ID "
        f"(comma-separated), CLOUDFLARE_API_URL, {EXTERNAL_VARIABLE}, HTTPS_PROXY, SSL_CERT_FILE. Each "
        "command has its own --help.",
    )
    parser.add_argument("--version", action="version", version=f"cloudflare-exporter {__version__}")
    subcommands = parser.add_subparsers(title="commands", metavar="COMMAND")
    serve_command = subcommands.add_parser(
        "serve",
        help="poll the accounts of a token and serve their metrics (default)",
        parents=[web, external, stored, logged, configured],
    )
    serve_command.set_defaults(run=serve)
    serve_command.add_argument(
        "--storage.reset-counters",
        dest="storage_reset_counters",
        action="store_true",
        help="restart all counters from zero (after restoring a backup), and exit; costs are kept",
    )
    check_command = subcommands.add_parser(
        "check",
        help="check what will work of a configuration before it is deployed",
        description=CHECK,
        parents=[stored, logged, configured],
    )
    check_command.set_defaults(run=check)
    check_command.add_argument(
        "--output", choices=("table", "json"), default="table", help="output format (default table)"
    )
    _add_commands(subcommands, stored, external, [logged, configured])
    demo_command = subcommands.add_parser(
        "demo",
        help="serve the metrics of a simulated account, without a token",
        epilog="scenes:\n" + "\n".join(f"  {scene.name:<14} {scene.happens}" for scene in SCENES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[web, external, stored, logged],
    )
    demo_command.set_defaults(run=_demo)
    _add_simulator_options(demo_command)
    return parser


def _add_commands(
    subcommands: "argparse._SubParsersAction[Parser]",
    stored: Parser,
    external: Parser,
    others: list[Parser],
) -> None:
    """Add the commands that have their own files; all but one read the ledger."""
    for module, run, parents in (
        (commands.assets, assets, [stored, *others]),
        (commands.costs, costs, [stored, *others]),
        (commands.metrics, metrics, [stored, *others]),
        (commands.price, price, [stored, *others]),
        (commands.report, report, [stored, *others]),
        (commands.alertmanager_config, alertmanager_config, [external, *others]),
    ):
        command = subcommands.add_parser(module.NAME, help=module.HELP, description=module.DESCRIPTION, parents=parents)
        command.set_defaults(run=run)
        module.add_options(command)


def _demo(options: argparse.Namespace) -> int:
    """Run the demo, whose simulator would take a fifth of every command's start-up."""
    from exporter.cli.demo import demo  # noqa: PLC0415

    return demo(options)


def _add_simulator_options(command: Parser) -> None:
    command.add_argument(
        "--scene",
        choices=[scene.name for scene in SCENES],
        default=DEFAULT_SCENE,
        metavar="NAME",
        help=f"what happens in the account: one of the scenes below (default {DEFAULT_SCENE})",
    )
    command.add_argument(
        "--simulator-only", action="store_true", help="run only the simulated Cloudflare, for an exporter elsewhere"
    )
    command.add_argument(
        "--simulator.listen-address",
        dest="simulator_listen_address",
        type=address_flag,
        default=Address("127.0.0.1", 0),
        metavar="[HOST]:PORT",
        help="address of the simulated Cloudflare (default: a free port on 127.0.0.1)",
    )
    command.add_argument(
        "--simulator.speed",
        dest="simulator_speed",
        type=speed_flag,
        default=1.0,
        metavar="N",
        help="simulated seconds per second (default 1)",
    )
    command.add_argument(
        "--simulator.lateness",
        dest="simulator_lateness",
        type=duration_flag,
        metavar="DURATION",
        help="maximum delay before usage becomes visible (default 2m)",
    )
