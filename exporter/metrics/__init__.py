"""Ledger, costs and status as metric families, and the snapshot: everything that is published at one moment."""
