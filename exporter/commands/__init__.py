"""Commands that read: what they print, and their options. One file a command."""

from exporter.commands import costs, price, report

__all__ = ["costs", "price", "report"]
