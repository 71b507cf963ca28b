"""The loops: accounts, closed days, billing, configuration reloads. The only error boundary.

A fault affects only the account, dataset or list that it is about; the rest goes on.
"""
