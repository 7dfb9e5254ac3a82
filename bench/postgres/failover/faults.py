"""What is done to a primary, and what is known of each fault. Healing is the same for all: plug in, wake, start again."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from dataclasses import dataclass

from .cluster import Cluster
from .hosts import Host


@dataclass(frozen=True)
class Fault:
    """`strike` hurts the primary and says, for the record, how."""

    strike: Callable[[Cluster, Host, random.Random], str]
    promotes: bool = True  # another node must take over; else the same one may come back
    lasts_seconds: float = 3.0  # how long it goes on once writes are taken again


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


FAULTS = {
    "host-kill": Fault(host_kill),
    "freeze": Fault(freeze),
    "manager-kill": Fault(manager_kill, lasts_seconds=15),  # an orphan that takes writes shows what that costs
    "postmaster-kill": Fault(postmaster_kill, promotes=False),
    "cut-one-way": Fault(cut_one_way),
    "cut-both-ways": Fault(cut_both_ways),
    "switchover": Fault(switchover),
}


def heal(cluster: Cluster, host: Host, dice: random.Random) -> None:
    """Cable in, every process awake (in any order), what died is started again as at boot."""
    host.plug()
    host.signal_all(signal.SIGCONT, dice)
    cluster.revive(host)
