"""Alertmanager's configuration, built from the secrets of services and the section ``alerting.routing``."""

from exporter.alertmanager.document import unrouted, write
from exporter.alertmanager.secrets import Secret, SecretError, examples, read_secrets
from exporter.alertmanager.services import SERVICES, Service

__all__ = ["SERVICES", "Secret", "SecretError", "Service", "examples", "read_secrets", "unrouted", "write"]
