"""The loops: accounts, closed days, billing, sources, configuration reloads. The only error boundary.

A fault affects only the account, dataset, list or source that it is about; the rest goes on.
"""
