"""Prometheus exporter for everything that runs on Cloudflare: exact usage from windowed analytics."""

from importlib.metadata import version

__version__ = version("cloudflare-exporter")
