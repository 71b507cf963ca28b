"""What runs around the exporter: finds Prometheus and Alertmanager and starts everything together.

For ``make run`` and the end-to-end tests; no part of the installed package, standard library only.
"""
