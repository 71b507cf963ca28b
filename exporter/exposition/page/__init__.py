"""The first page, for whoever opens the port: how everything stands, and what there is, by project.

One file of HTML, without scripts or anything to load, for light and dark screens, wide and narrow ones.
"""

from exporter.exposition.page.endpoint import PageEndpoint

__all__ = ["PageEndpoint"]
