"""The figures that the design promises, measured: ``python -m bench`` prints them as one JSON object.

Everything is measured on the real code: the exporter as ``build_exporter`` wires it or as its own process, and the
simulated Cloudflare on a world that is larger than the demo's.
"""
