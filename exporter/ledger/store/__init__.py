"""The ledger's file: one SQLite database, read and written here only."""
