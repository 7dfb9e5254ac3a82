"""The judge: what the writers were told, against what the table holds when the cluster is whole again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import psycopg

from .tail import Tail


@dataclass(frozen=True)
class Acknowledged:
    """A row whose commit a client was told. Times are seconds of this machine's one clock, which all hosts share."""

    client: int
    kind: str
    sequence: int
    sent: float
    executed: float  # by the server's clock, inside the transaction
    acknowledged: float
    node: str
    timeline: int  # on which the server wrote it; a promotion starts a higher one

    @staticmethod
    def of(line: str) -> Acknowledged:
        client, kind, sequence, sent, executed, acknowledged, node, timeline = line.split()
        return Acknowledged(int(client), kind, int(sequence), float(sent), float(executed), float(acknowledged), node,
                            int(timeline))


class Ledger:
    """The writers' file as far as it has been written, for looking on while they run."""

    def __init__(self, path: Path):
        self.tail = Tail(path)
        self.rows: list[Acknowledged] = []

    def read_on(self) -> list[Acknowledged]:
        """All rows so far, in the order in which they were written down."""
        self.rows += [Acknowledged.of(line) for line in self.tail.new_lines()]
        return self.rows


@dataclass(frozen=True)
class Verdict:
    """What one round cost."""

    acknowledged: int
    outage_seconds: float  # longest time without any acknowledgement after the fault
    roaming_outage_seconds: float | None  # the same for clients that hold all nodes in one connection string
    proxy_outage_seconds: float | None
    new_primary_seconds: float | None  # from the fault to the first row that a newly promoted node acknowledged
    lost: int  # acknowledged and not in the table
    taken_by_old: int  # acknowledged rows that the old primary took when the new one had acknowledged one
    two_primaries_seconds: float  # from the first of them to the last
    told_late: int  # rows of the old primary acknowledged after the new one's first, whenever they were taken
    errors: dict[str, int]  # what roaming and proxied clients saw, by kind and SQLSTATE


def outage_seconds(rows: list[Acknowledged], fault: float, end: float) -> float | None:
    """The longest gap between acknowledgements that reaches beyond the fault; None when there were none at all."""
    times = sorted(row.acknowledged for row in rows)
    if not times:
        return None
    gaps = [(after - before) for before, after in zip(times, times[1:] + [max(end, times[-1])]) if after > fault]
    return max(gaps, default=0.0)


def promoted(rows: list[Acknowledged], fault: float) -> Acknowledged | None:
    """The first row acknowledged on a timeline that began after the fault; None while there was no promotion."""
    before = max((row.timeline for row in rows if row.acknowledged <= fault), default=0)
    return min((row for row in rows if row.timeline > before and row.acknowledged > fault),
               key=lambda row: row.acknowledged, default=None)


def by_the_old(rows: list[Acknowledged]) -> tuple[list[Acknowledged], list[Acknowledged], float]:
    """Rows that a primary took, or acknowledged, after a row on a higher timeline had been acknowledged, and how long it
    took them.

    Taken by the server's clock, so that an answer that lay in the network for long does not count for a second primary.
    """
    first: dict[int, float] = {}
    for row in rows:
        first[row.timeline] = min(first.get(row.timeline, row.acknowledged), row.acknowledged)

    def deposed_at(row: Acknowledged) -> float:
        return min((at for timeline, at in first.items() if timeline > row.timeline), default=float("inf"))

    taken = [row for row in rows if row.executed > deposed_at(row)]
    told = [row for row in rows if row.acknowledged > deposed_at(row)]
    times = [row.executed for row in taken]
    return taken, told, max(times) - min(times) if times else 0.0


def missing(rows: list[Acknowledged], primary: psycopg.Connection, first: int, last: int) -> list[Acknowledged]:
    """Acknowledged rows that the table does not hold; the clients of a round are numbered `first` to `last`."""
    present = set(primary.execute(
        "SELECT client, sequence FROM ledger WHERE client BETWEEN %s AND %s", (first, last)).fetchall())
    return [row for row in rows if (row.client, row.sequence) not in present]


def errors_seen(path: Path, fault: float) -> dict[str, int]:
    counts: Counter[str] = Counter()
    if path.exists():
        for line in path.read_text().splitlines():
            at, _, kind, state, *_ = line.split(" ", 4)
            if float(at) >= fault:
                counts[f"{kind} {state}"] += 1
    return dict(sorted(counts.items()))


def judge(rows: list[Acknowledged], lost: list[Acknowledged], fault: float, end: float, errors: dict[str, int]) -> Verdict:
    new = promoted(rows, fault)
    taken, told, seconds = by_the_old(rows)

    def of_kind(kind: str) -> float | None:
        gap = outage_seconds([row for row in rows if row.kind == kind], fault, end)
        return None if gap is None else round(gap, 3)

    return Verdict(
        acknowledged=len(rows),
        outage_seconds=round(outage_seconds(rows, fault, end) or end - fault, 3),
        roaming_outage_seconds=of_kind("roaming"),
        proxy_outage_seconds=of_kind("proxy"),
        new_primary_seconds=None if new is None else round(new.acknowledged - fault, 3),
        lost=len(lost),
        taken_by_old=len(taken),
        two_primaries_seconds=round(seconds, 3),
        told_late=len(told),
        errors=errors,
    )
