"""The GraphQL documents that the simulated Cloudflares of a process share: to read one takes up to half a second."""

from functools import cache

from exporter.simulator import Documents


@cache
def shared_documents() -> Documents:
    """Return the schema and the documents that any test of this process has read so far."""
    return Documents()
