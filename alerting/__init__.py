"""The rules for Prometheus: tables of what is recorded and what alerts, and the program that writes ``rules/``."""
