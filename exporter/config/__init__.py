"""The configuration: a YAML file, the environment and flags, checked before anything starts.

Unknown keys are refused, all errors are reported at once with their keys, and ``repr`` and messages never show tokens.
"""

from exporter.config.config import BudgetShare, Cloudflare, Config, ConfigError, Poll, RateLimit, Storage, Token
from exporter.config.fields import parse_duration
from exporter.config.load import load_config, load_quantities
from exporter.config.proxies import check_proxies, network_fault

__all__ = [
    "BudgetShare",
    "Cloudflare",
    "Config",
    "ConfigError",
    "Poll",
    "RateLimit",
    "Storage",
    "Token",
    "check_proxies",
    "load_config",
    "load_quantities",
    "network_fault",
    "parse_duration",
]
