"""Measure the performance figures and their bounds: ``python -m bench`` prints them as one JSON object.

Everything runs the real code: the exporter, wired by ``build_exporter`` or as its own process, against a simulated
Cloudflare with accounts larger than the demo's.
"""
