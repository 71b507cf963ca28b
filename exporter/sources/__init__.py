"""What is read beside usage. One file a source, each of which is an ``exporter.poller.source.Source``."""
