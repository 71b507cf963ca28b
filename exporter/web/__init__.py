"""Serving of the web application: the file of ``--web.config.file``, TLS, users, headers and limits.

The file is in the format that all Prometheus exporters share, the web configuration of exporter-toolkit:
https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
"""

from exporter.web.load import WebConfigError
from exporter.web.middleware import PolicyMiddleware
from exporter.web.policy import WebPolicy
from exporter.web.server import LIMITS, ConnectionLimits, make_server

__all__ = ["LIMITS", "ConnectionLimits", "PolicyMiddleware", "WebConfigError", "WebPolicy", "make_server"]
