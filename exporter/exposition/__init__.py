"""The snapshot over HTTP: as Prometheus text, JSON and the status page. Nothing here asks Cloudflare."""

from exporter.exposition.api.costs import AskBooks
from exporter.exposition.renderer import Renderer
from exporter.exposition.server import build_web

__all__ = ["AskBooks", "Renderer", "build_web"]
