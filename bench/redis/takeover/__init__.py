"""Failover of Redis under faults, side by side with Redis Sentinel.

Start reading at `__main__`; hosts, cables and percentiles are those of `bench/postgres`.
"""
