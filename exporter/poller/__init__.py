"""The loops: accounts, closed days, billing, the configuration as it changes. The only error boundary.

A fault costs the account, dataset or list that it is about; the rest goes on.
"""
