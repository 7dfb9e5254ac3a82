"""One round: writers, a fault, a takeover, healing, and the judgement once the cluster is whole again."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import faults, ledger
from .cluster import BENCH_PASSWORD, WHOLE_SECONDS_MAX, Cluster, Settings
from .hosts import Host

WARM_UP_SECONDS = 3
FIRST_ROW_SECONDS_MAX = 20
TAKEOVER_SECONDS_MAX = 90  # three times the slowest legal promise of either side
AFTER_SECONDS = 2  # whole: the writers go on for so long
CLIENTS_MAX = 100  # numbers kept for the clients of one round
LOOK_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Side:
    """A cluster with settings; several sides may share a cluster and change it between rounds."""

    name: str
    cluster: Cluster
    settings: Settings
    through_proxy: bool = False


class Rounds:
    """Plays rounds one after the other; each leaves a record, and the writers' files if anything was lost."""

    def __init__(self, clients: Host, folder: Path, per_second: float):
        self.clients = clients
        self.folder = folder
        self.per_second = per_second
        self.played = 0

    def play(self, side: Side, fault_name: str, dice: random.Random) -> dict[str, Any]:
        side.cluster.use(side.settings)
        if not side.cluster.is_whole():
            side.cluster.must_be_whole()
        self.played += 1
        fault = faults.FAULTS[fault_name]
        first = self.played * CLIENTS_MAX
        files = self.folder / f"{self.played:04}-{side.name}-{fault_name}"
        told, errors = files.with_suffix(".acknowledged"), files.with_suffix(".errors")
        writers = self.start_writers(side, first, told, errors)
        book = ledger.Ledger(told)
        try:
            await_that(lambda: len(book.read_on()) > 0, FIRST_ROW_SECONDS_MAX)
            time.sleep(WARM_UP_SECONDS + dice.uniform(0, side.settings.phase_seconds))
            old = side.cluster.primary()
            if old is None:
                raise RuntimeError(f"{side.name} has no primary before the fault")
            fault_at = time.time()
            said = side.cluster.said(old)
            detail = fault.strike(side.cluster, old, dice)
            taken_over = await_that(lambda: has_taken_over(book, fault, fault_at), TAKEOVER_SECONDS_MAX)
            time.sleep(fault.lasts_seconds)
            heal_at = time.time()
            if fault.spoil:
                fault.spoil(side.cluster, old)
            faults.heal(side.cluster, dice)
            whole = side.cluster.await_whole()
            whole_at = time.time()
            time.sleep(AFTER_SECONDS)
        finally:
            writers.kill()
            writers.wait()
        end = time.time()
        rows = book.read_on()
        primary = side.cluster.primary()
        if primary is None:
            raise RuntimeError(f"{side.name} has no primary {WHOLE_SECONDS_MAX} s after healing; logs in {side.cluster.folder}")
        with side.cluster.connect(primary) as connection:
            lost = ledger.missing(rows, connection, first, first + CLIENTS_MAX - 1)
        verdict = ledger.judge(rows, lost, fault_at, end, ledger.errors_seen(errors, fault_at))
        if lost or verdict.taken_by_old:
            files.with_suffix(".lost").write_text("".join(f"{row}\n" for row in lost))
        else:
            told.unlink()
            errors.unlink(missing_ok=True)
        if not whole:
            side.cluster.settings = None  # built anew before its next round
        return {
            "side": side.name, "fault": fault_name, "detail": detail, "old": old.name, "new": primary.name,
            "fault_at": round(fault_at, 3), "taken_over": taken_over, "whole": whole,
            "returned": side.cluster.returned(old, said), "whole_seconds": round(whole_at - heal_at, 1), **asdict(verdict),
        }

    def start_writers(self, side: Side, first: int, told: Path, errors: Path) -> subprocess.Popen:
        command = [
            sys.executable, "-m", "failover.writer",
            "--nodes", ",".join(host.address for host in side.cluster.hosts), "--port", "5432",
            "--first", str(first), "--per-second", str(self.per_second),
            "--acknowledged", str(told), "--errors", str(errors),
        ]
        if side.through_proxy:
            command += ["--proxy-port", str(side.cluster.proxy_port)]
        return self.clients.start(command, self.folder / "writers.log", env={"PGPASSWORD": BENCH_PASSWORD})


def has_taken_over(book: ledger.Ledger, fault: faults.Fault, fault_at: float) -> bool:
    rows = book.read_on()
    if fault.promotes:
        return ledger.promoted(rows, fault_at) is not None
    return any(row.sent > fault_at + LOOK_EVERY_SECONDS for row in rows)


def await_that(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_SECONDS)
    return True
