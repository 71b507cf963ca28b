"""The command line: arguments, exit codes, and one short function a command.

Exit codes: 0 stopped as asked, 1 a local fault (address, state folder), 2 a wrong configuration or usage. Of ``check``:
0 no error, perhaps warnings, 1 something will not work, 2 a wrong configuration or usage.
"""

import argparse
import asyncio
import logging
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from exporter import __version__, commands
from exporter.app import (
    Exporter,
    ListenError,
    build_exporter,
    calm_collector,
    listen,
    run_check,
    run_until_stopped,
    set_on_signals,
    stop_on_signals,
)
from exporter.books import Books, QueryError
from exporter.catalog import DATASETS
from exporter.check import as_json, as_table, look_around, refusal
from exporter.clock import SystemClock
from exporter.config import (
    Cloudflare,
    Config,
    ConfigError,
    Poll,
    Storage,
    Token,
    load_config,
    load_quantities,
    parse_duration,
)
from exporter.ledger import Ledger, reading
from exporter.logs import FORMATS, LEVELS, configure_logging
from exporter.model import ExporterError
from exporter.pricing import load_card
from exporter.quote import QuoteError
from exporter.simulator import DEMO_TOKEN, Simulator, demo_world, running
from exporter.simulator import SystemClock as SimulatedClock

DEFAULT_LISTEN = ":9199"
DEMO_REFRESH = timedelta(seconds=10)

INTERRUPTED = 130
"""What shells take for ended by Ctrl-C."""

CHECK = (
    "Tell what of a configuration will work, before it is deployed: tokens, permissions, datasets, request budget and "
    "state folder, each by trying it. Nothing is changed anywhere. Exit codes: 0 no error, perhaps warnings; 1 "
    "something will not work; 2 the configuration or the usage is wrong."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; an empty host means everywhere."""

    host: str
    port: int


def parse_address(text: str) -> Address:
    """Read ``[host]:port``. Raises ValueError."""
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]*)):(\d{1,5})", text)
    if not found or int(found[3]) > 65535:
        raise ValueError(text)
    return Address(found[1] or found[2] or "", int(found[3]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code."""
    options = build_parser().parse_args(_with_command(sys.argv[1:] if arguments is None else arguments))
    configure_logging(options.log_level, options.log_format)
    try:
        return int(options.run(options))
    except (ConfigError, QueryError, QuoteError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ExporterError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def serve(options: argparse.Namespace) -> int:
    """Poll the configured accounts and serve their metrics."""
    config = load_config(options.config_file, os.environ, options.storage_path)
    if options.storage_reset_counters:
        return reset_counters(config)
    asyncio.run(_serve(_with_tokens(config), options))
    return 0


def _with_tokens(config: Config) -> Config:
    if not config.cloudflare.tokens:
        raise ConfigError(
            "No API token: set CLOUDFLARE_API_TOKEN or CLOUDFLARE_API_TOKEN_FILE, or name one in the file given with "
            "--config.file. To look around without an account: cloudflare-exporter demo"
        )
    return config


def reset_counters(config: Config) -> int:
    """Begin all counters anew, as after a restored backup, and stop; costs and names stay."""
    folder = config.storage.folder()
    if folder is None:
        raise ConfigError("--storage.reset-counters needs a ledger in a folder; --storage.path is empty.")
    ledger = Ledger.open(folder, DATASETS.values())
    ledger.reset_counters()
    ledger.close()
    sys.stdout.write(f"The counters in {folder} begin anew with the next start; daily sums and names are kept.\n")
    return 0


def demo(options: argparse.Namespace) -> int:
    """Serve a simulated account, or with --simulator-only the simulated Cloudflare alone."""
    asyncio.run(_simulate(options) if options.simulator_only else _demo(options))
    return 0


def check(options: argparse.Namespace) -> int:
    """Tell what of a configuration will work, without starting anything."""
    try:
        config = _with_tokens(load_config(options.config_file, os.environ, options.storage_path))
        surroundings = look_around(os.environ)
        report = asyncio.run(run_check(config, SystemClock(), surroundings, os.environ, options.config_file))
    except ConfigError as error:
        if options.output == "json":
            sys.stdout.write(as_json(refusal(str(error))))
        raise
    except KeyboardInterrupt:
        return INTERRUPTED
    sys.stdout.write(as_json(report) if options.output == "json" else as_table(report, Console(highlight=False)))
    return report.exit_code


def costs(options: argparse.Namespace) -> int:
    """Print what accounts cost."""
    with _books(options) as books:
        sys.stdout.write(commands.costs.run(options, books))
    return 0


def price(options: argparse.Namespace) -> int:
    """Print what given quantities would cost."""
    if options.file is None and options.period is None:
        raise ConfigError("Say what to price: --file with quantities, or --period with a cycle that was counted.")
    given = load_quantities(options.file) if options.file else {}
    today = SystemClock().now().date()
    with _books(options) if options.period else nullcontext() as books:
        sys.stdout.write(commands.price.run(options, load_card(), today, given, books))
    return 0


def report(options: argparse.Namespace) -> int:
    """Print a report of a day or a cycle."""
    with _books(options) as books:
        sys.stdout.write(commands.report.run(options, books))
    return 0


@contextmanager
def _books(options: argparse.Namespace) -> Iterator[Books]:
    """Read the ledger of the configured state folder, beside an exporter that may run."""
    config = load_config(options.config_file, os.environ, options.storage_path)
    folder = config.storage.folder()
    if folder is None:
        raise ConfigError("This needs a ledger in a folder: name it with --storage.path or in the configuration.")
    with reading(folder, DATASETS.values()) as reader:
        yield Books(reader, load_card(), config.costs.rules(), config.accounts.admits)


async def _serve(config: Config, options: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)

    def read() -> Config:
        return _with_tokens(load_config(options.config_file, os.environ, options.storage_path))

    await _run(config, options, stopping, read)


async def _demo(options: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    address: Address = options.simulator_listen_address
    async with _simulated(options, address.host or "127.0.0.1", address.port) as port:
        token = Token.model_validate({"token": DEMO_TOKEN})
        config = Config(
            cloudflare=Cloudflare(api_url=f"http://127.0.0.1:{port}/client/v4", tokens=(token,)),
            poll=Poll(refresh=DEMO_REFRESH),
            storage=Storage(path=options.storage_path or ""),
        )
        _announce(options, port)
        await _run(config, options, stopping, lambda: config)


async def _simulate(options: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    address: Address = options.simulator_listen_address
    host = address.host or "127.0.0.1"
    async with _simulated(options, host, address.port) as port:
        sys.stderr.write(f"Simulated Cloudflare: http://{host}:{port}/client/v4, control: http://{host}:{port}/_sim/\n")
        await stopping.wait()


@asynccontextmanager
async def _simulated(options: argparse.Namespace, host: str, port: int) -> AsyncIterator[int]:
    async with AsyncExitStack() as stack:
        try:
            bound = await stack.enter_async_context(running(_simulator(options), host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ListenError(
                f"Cannot listen on {host}:{port} ({reason}). Choose another with --simulator.listen-address."
            ) from error
        yield bound


def _simulator(options: argparse.Namespace) -> Simulator:
    clock = SimulatedClock(speed=options.simulator_speed)
    simulator = Simulator(demo_world(), clock)
    if options.simulator_lateness is not None:
        simulator.set_lateness(options.simulator_lateness)
    return simulator


async def _run(
    config: Config, options: argparse.Namespace, stopping: asyncio.Event, read: Callable[[], Config]
) -> None:
    """Serve until stopped; at SIGHUP the configuration is ``read`` again."""
    address: Address = options.web_listen_address
    hung_up = asyncio.Event()
    set_on_signals(hung_up, signal.SIGHUP)
    clock = SystemClock()
    with listen(address.host, address.port) as listener:
        async with calm_collector(clock):
            exporter: Exporter = build_exporter(config, clock, telemetry_path=options.web_telemetry_path)
            log.info("listening on %s:%s", address.host or "*", listener.getsockname()[1])
            reloading = asyncio.create_task(exporter.reloader.run(hung_up, read))
            try:
                await run_until_stopped(exporter, listener, stopping)
            finally:
                reloading.cancel()


def _announce(options: argparse.Namespace, port: int) -> None:
    address: Address = options.web_listen_address
    url = f"http://{address.host or 'localhost'}:{address.port}"
    Console(stderr=True, soft_wrap=True).print(
        Panel.fit(
            "[bold]The account is simulated: every figure is made up.[/bold]\n"
            f"Metrics       {url}{options.web_telemetry_path}\n"
            f"First page    {url}/\n"
            f"Its Cloudflare http://127.0.0.1:{port}/_sim/\n"
            "Counters begin at zero now and grow once a minute.",
            title="cloudflare-exporter demo",
        )
    )


def build_parser() -> argparse.ArgumentParser:
    """Give the parser of all commands."""
    web, common, configured = (argparse.ArgumentParser(add_help=False, allow_abbrev=False) for _ in range(3))
    web.add_argument(
        "--web.listen-address",
        dest="web_listen_address",
        type=_address,
        default=parse_address(DEFAULT_LISTEN),
        metavar="[HOST]:PORT",
        help=f"where to serve metrics (default {DEFAULT_LISTEN})",
    )
    web.add_argument(
        "--web.telemetry-path",
        dest="web_telemetry_path",
        type=_path,
        default="/metrics",
        metavar="PATH",
        help="where the metrics are (default /metrics)",
    )
    common.add_argument(
        "--storage.path",
        dest="storage_path",
        metavar="FOLDER",
        help="where the ledger is kept; empty: in memory (default ./data; demo: in memory)",
    )
    common.add_argument("--log.level", dest="log_level", choices=LEVELS, default="info", help="default info")
    common.add_argument("--log.format", dest="log_format", choices=FORMATS, default="logfmt", help="default logfmt")

    configured.add_argument(
        "--config.file",
        dest="config_file",
        type=Path,
        metavar="FILE",
        help="YAML; environment and flags overrule it; read again at SIGHUP",
    )

    parser = argparse.ArgumentParser(
        prog="cloudflare-exporter",
        description="Exact usage of everything you run on Cloudflare, for Prometheus. Without a command: serve.",
        epilog="Environment: CLOUDFLARE_API_TOKEN or CLOUDFLARE_API_TOKEN_FILE, CLOUDFLARE_ACCOUNT_ID "
        "(comma-separated), CLOUDFLARE_API_URL, HTTPS_PROXY, SSL_CERT_FILE. Each command has its own --help.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"cloudflare-exporter {__version__}")
    subcommands = parser.add_subparsers(title="commands", metavar="COMMAND")
    serve_command = subcommands.add_parser(
        "serve",
        help="poll the accounts of a token and serve their metrics (the default)",
        parents=[web, common, configured],
        allow_abbrev=False,
    )
    serve_command.set_defaults(run=serve)
    serve_command.add_argument(
        "--storage.reset-counters",
        dest="storage_reset_counters",
        action="store_true",
        help="begin all counters anew (after restoring a backup), and exit; costs stay",
    )
    check_command = subcommands.add_parser(
        "check",
        help="tell what of a configuration will work, before it is deployed",
        description=CHECK,
        parents=[common, configured],
        allow_abbrev=False,
    )
    check_command.set_defaults(run=check)
    check_command.add_argument(
        "--output", choices=("table", "json"), default="table", help="how to say it (default table)"
    )
    _add_cost_commands(subcommands, [common, configured])
    demo_command = subcommands.add_parser(
        "demo", help="the same on a simulated account, without a token", parents=[web, common], allow_abbrev=False
    )
    demo_command.set_defaults(run=demo)
    _add_simulator_options(demo_command)
    return parser


def _add_cost_commands(
    subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]", parents: list[argparse.ArgumentParser]
) -> None:
    """Add the commands that read what was counted."""
    for module, run in ((commands.costs, costs), (commands.price, price), (commands.report, report)):
        command = subcommands.add_parser(
            module.NAME, help=module.HELP, description=module.DESCRIPTION, parents=parents, allow_abbrev=False
        )
        command.set_defaults(run=run)
        module.add_options(command)


def _with_command(arguments: Sequence[str]) -> list[str]:
    """Put the default command before flags that stand without one."""
    is_bare = not arguments or (arguments[0].startswith("-") and arguments[0] not in {"-h", "--help", "--version"})
    return ["serve", *arguments] if is_bare else list(arguments)


def _add_simulator_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--simulator-only", action="store_true", help="run only the simulated Cloudflare, for an exporter elsewhere"
    )
    command.add_argument(
        "--simulator.listen-address",
        dest="simulator_listen_address",
        type=_address,
        default=Address("127.0.0.1", 0),
        metavar="[HOST]:PORT",
        help="where the simulated Cloudflare listens (default: a free port of 127.0.0.1)",
    )
    command.add_argument(
        "--simulator.speed",
        dest="simulator_speed",
        type=float,
        default=1.0,
        metavar="N",
        help="simulated seconds per second (default 1)",
    )
    command.add_argument(
        "--simulator.lateness",
        dest="simulator_lateness",
        type=_duration,
        metavar="DURATION",
        help="how late usage becomes visible at most (default 2m)",
    )


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not [host]:port") from None


def _path(text: str) -> str:
    if not re.fullmatch(r"/[^\s{}?#]+", text) or text.startswith("/-/"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a path such as /metrics")
    return text


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is {error}") from None
