"""A long run on a simulated Cloudflare where everything goes wrong: ``python -m soak``."""
