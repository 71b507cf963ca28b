"""The configuration: a YAML file, the environment and flags, checked before anything starts.

Unknown keys are refused, all errors are reported at once with their keys, and ``repr`` and messages never show tokens.
"""

from exporter.config.config import BudgetShare, Cloudflare, Config, ConfigError, Poll, Storage, Token
from exporter.config.fields import parse_duration
from exporter.config.load import load_config, load_quantities

__all__ = [
    "BudgetShare",
    "Cloudflare",
    "Config",
    "ConfigError",
    "Poll",
    "Storage",
    "Token",
    "load_config",
    "load_quantities",
    "parse_duration",
]
