"""Commands that do one thing and exit: their options and output. One file per command."""

from exporter.cli.commands import alertmanager_config, assets, costs, metrics, price, report

__all__ = ["alertmanager_config", "assets", "costs", "metrics", "price", "report"]
