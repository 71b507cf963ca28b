"""The exporter, a simulated Cloudflare, Prometheus and Alertmanager as real processes."""
