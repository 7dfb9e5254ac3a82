"""What is done to a primary, and what is known of each fault. Healing is the same for all: plug in, wake, start again."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from .cluster import Cluster
from .hosts import Host


DIVERGENCE_BYTES = 10_000_000
REPLICA_DIES_AFTER_SECONDS = 20


@dataclass(frozen=True)
class Fault:
    """`strike` hurts the primary and says, for the record, how."""

    strike: Callable[[Cluster, Host, random.Random], str]
    promotes: bool = True  # another node must take over; else the same one may come back
    lasts_seconds: float = 3.0  # how long it goes on once writes are taken again
    spoil: Callable[[Cluster, Host], None] | None = None  # done to the host before it is healed


def host_kill(_: Cluster, host: Host, __: random.Random) -> str:
    host.unplug()
    host.kill_all()
    return ""


def freeze(_: Cluster, host: Host, __: random.Random) -> str:
    host.signal_all(signal.SIGSTOP)
    return ""


def manager_kill(cluster: Cluster, host: Host, _: random.Random) -> str:
    cluster.kill_manager(host)
    return ""


def postmaster_kill(cluster: Cluster, host: Host, _: random.Random) -> str:
    cluster.kill_postmaster(host)
    return ""


def cut_one_way(_: Cluster, host: Host, dice: random.Random) -> str:
    way = dice.choice(["in", "out"])
    host.mute(way)
    return way


def cut_both_ways(_: Cluster, host: Host, __: random.Random) -> str:
    host.unplug()
    return ""


def switchover(cluster: Cluster, host: Host, dice: random.Random) -> str:
    to = dice.choice([each for each in cluster.hosts if each is not host])
    cluster.switch_over(host, to)
    return f"to {to.name}"


def diverge(cluster: Cluster, host: Host, _: random.Random) -> str:
    """The primary is cut off, and goes on writing what no replica will ever have."""
    login = cluster.login(host)
    host.unplug()
    return f"by {cluster.write_locally(host, login, DIVERGENCE_BYTES) / 1e6:.1f} MB"


def lose_log(cluster: Cluster, host: Host) -> None:
    """Without the log since the last checkpoint before the fork nothing can be rewound."""
    host.kill_all()
    for segment in (cluster.data(host) / "pg_wal").glob("0*[0-9A-F]"):
        segment.unlink()


def store_away(cluster: Cluster, host: Host, dice: random.Random) -> str:
    """Every member of the store is killed; somewhat later a replica's host, too."""
    for each in cluster.hosts:
        cluster.kill_store(each)
    time.sleep(REPLICA_DIES_AFTER_SECONDS)
    replica = dice.choice([each for each in cluster.hosts if each is not host])
    replica.kill_all()
    return f"replica {replica.name} killed"


FAULTS = {
    "host-kill": Fault(host_kill),
    "freeze": Fault(freeze),
    "manager-kill": Fault(manager_kill, lasts_seconds=15),  # an orphan that takes writes shows what that costs
    "postmaster-kill": Fault(postmaster_kill, promotes=False),
    "cut-one-way": Fault(cut_one_way),
    "cut-both-ways": Fault(cut_both_ways),
    "switchover": Fault(switchover),
    "diverge": Fault(diverge),
    "diverge-lost-log": Fault(diverge, spoil=lose_log),
    "store-away": Fault(store_away, promotes=False, lasts_seconds=600),
}


USUAL = [name for name in FAULTS if name != "store-away"]  # that one takes ten minutes a round


def heal(cluster: Cluster, dice: random.Random) -> None:
    """Cables in, every process awake (in any order), what died is started again as at boot."""
    for host in cluster.hosts:
        host.plug()
        host.signal_all(signal.SIGCONT, dice)
        cluster.revive(host)
