"""Alertmanager's configuration: from the secrets of services and the section ``alerting.routing`` to one file."""

from exporter.alertmanager.document import unrouted, write
from exporter.alertmanager.secrets import Secret, SecretError, examples, read_secrets
from exporter.alertmanager.services import SERVICES, Service

__all__ = ["SERVICES", "Secret", "SecretError", "Service", "examples", "read_secrets", "unrouted", "write"]
