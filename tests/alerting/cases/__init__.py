"""For each alert: what is just below its threshold, just above it, and what must never alert."""
