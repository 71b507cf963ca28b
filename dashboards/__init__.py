"""Grafana dashboards as code. ``python -m dashboards.build`` writes them to ``dashboards/out``.

No part of the installed package: of the exporter it reads only the catalog and the table of alerts.
"""
