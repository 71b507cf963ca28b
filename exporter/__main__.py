"""``python -m exporter``, and the command ``cloudflare-exporter``."""

import gc
import sys

# Nothing that the imports make is garbage; looking for it would take a tenth of every start.
gc.disable()
# If it can, httpx imports a command line of its own and all that this draws with, a tenth of every start.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

from exporter.cli import main  # noqa: E402


def run() -> int:
    """Run the command line, and return its exit code; garbage is what is made from here on."""
    gc.freeze()
    gc.enable()
    return main()


if __name__ == "__main__":
    sys.exit(run())
