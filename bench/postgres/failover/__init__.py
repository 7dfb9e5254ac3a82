"""Failover of PostgreSQL, side by side: what writers see when the host, the manager or the network of a primary fails.

Start reading at `__main__` (what is run), then `rounds` (one round: fault, healing, judgement). `hosts` makes hosts of
network namespaces, `faults` hurts them, `writer` is the load (a process of its own), `ledger` judges what it was told
against what is in the table, `cluster` is what every manager must answer, `patroni` and `holdfast` are the sides, `table`
prints.
"""
