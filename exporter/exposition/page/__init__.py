"""The status page: the state of the exporter and its accounts, and all assets by project.

One HTML file without scripts or external resources, for light and dark, wide and narrow screens.
"""

from exporter.exposition.page.endpoint import PageEndpoint

__all__ = ["PageEndpoint"]
