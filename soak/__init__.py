"""Run a day against a simulated Cloudflare full of faults: ``python -m soak``."""
