"""Alerts through a real Alertmanager, on the generated configuration, to stand-ins that check every field."""
