"""Grafana dashboards as code. ``python -m dashboards.build`` writes them to ``dashboards/out``.

No part of the installed package, standard library only.
"""
