"""Find Prometheus and Alertmanager and run them together with the exporter.

For ``make run`` and the end-to-end tests. Not part of the installed package.
"""
