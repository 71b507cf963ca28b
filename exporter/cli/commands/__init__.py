"""Commands that do one thing and end: what they print, and their options. One file a command."""

from exporter.cli.commands import alertmanager_config, assets, costs, metrics, price, report

__all__ = ["alertmanager_config", "assets", "costs", "metrics", "price", "report"]
