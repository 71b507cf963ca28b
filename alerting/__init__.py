"""The rules for Prometheus: tables of recording and alerting rules, and the program that writes ``rules/``."""
