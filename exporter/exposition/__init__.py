"""The snapshot as Prometheus text and pages, served over HTTP. Nothing here asks Cloudflare."""

from exporter.exposition.api.costs import AskBooks
from exporter.exposition.renderer import Renderer
from exporter.exposition.server import build_web

__all__ = ["AskBooks", "Renderer", "build_web"]
