"""What every manager's cluster of three must answer, and how it is seen to be whole: by asking PostgreSQL only."""

from __future__ import annotations

import abc
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from .hosts import Host

PORT = 5432
BENCH_PASSWORD = "bench"
WHOLE_SECONDS_MAX = 180
LOOK_EVERY_SECONDS = 0.25
ROW_LOG_BYTES = 96  # of a row of 32 characters


@dataclass(frozen=True)
class Settings:
    """How a side is set up; the rest is the manager's default."""

    synchronous: bool
    options: dict[str, Any] = field(default_factory=dict)
    phase_seconds: float = 2.0  # the manager's own rhythm: faults fall anywhere in it


@dataclass(frozen=True)
class Look:
    """What one PostgreSQL says of itself."""

    in_recovery: bool
    timeline: int
    streaming: int
    synchronous: int


class Cluster(abc.ABC):
    """Three hosts, on each a member of the store, a manager and a PostgreSQL. Programs are started by role."""

    proxy_port: int | None = None
    superuser = "postgres"

    def __init__(self, name: str, hosts: list[Host], folder: Path, postgresql: Path):
        self.name = name
        self.hosts = hosts
        self.folder = folder
        self.postgresql = postgresql
        self.settings: Settings | None = None
        self.running: dict[tuple[str, str], subprocess.Popen] = {}

    # ---- what each manager does its own way

    @abc.abstractmethod
    def programs(self, host: Host) -> dict[str, Callable[[], subprocess.Popen]]:
        """How to start what runs on a host, by role and in order; one role is `manager`."""

    @abc.abstractmethod
    def lay_out(self, settings: Settings) -> None:
        """Writes what the first start needs."""

    @abc.abstractmethod
    def configure(self, settings: Settings) -> None:
        """Changes a running cluster to these settings; returns when every member acts on them."""

    @abc.abstractmethod
    def switch_over(self, old: Host, new: Host) -> None:
        """Asks for a planned change of the primary. May return before it is done."""

    @abc.abstractmethod
    def data(self, host: Host) -> Path:
        """PostgreSQL's data folder."""

    @abc.abstractmethod
    def superuser_password(self) -> str: ...

    def said(self, host: Host) -> int:
        """How long the manager's log on this host is by now."""
        return 0

    def returned(self, host: Host, since: int) -> str:
        """How the host's data was brought in line, by its manager's log from there on; empty when that is not known."""
        return ""

    def after_start(self) -> None:
        """What is told the managers once all programs run."""

    # ---- the same for all

    def use(self, settings: Settings) -> None:
        """Brings the cluster up with these settings, or changes them; returns when it is whole."""
        if self.settings is None:
            self.rebuild(settings)
        elif self.settings != settings:
            self.configure(settings)
            self.settings = settings
            self.must_be_whole()

    def rebuild(self, settings: Settings) -> None:
        """A new cluster without data."""
        for host in self.hosts:
            host.plug()
            host.kill_all()
        self.settings = settings
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.lay_out(settings)
        for host in self.hosts:
            self.revive(host)
        self.after_start()
        self.must_be_whole()
        primary = self.primary()
        assert primary is not None
        with self.connect(primary) as connection:
            connection.execute(f"CREATE ROLE bench LOGIN PASSWORD '{BENCH_PASSWORD}'")
            connection.execute("CREATE TABLE ledger (client int, sequence bigint, PRIMARY KEY (client, sequence))")
            connection.execute("GRANT SELECT, INSERT ON ledger TO bench")

    def revive(self, host: Host) -> None:
        """Starts what should run on the host and does not."""
        for role, start in self.programs(host).items():
            program = self.running.get((host.name, role))
            if program is None or program.poll() is not None:
                self.running[host.name, role] = start()

    def kill_manager(self, host: Host) -> None:
        self.running[host.name, "manager"].kill()

    def kill_store(self, host: Host) -> None:
        self.running[host.name, "store"].kill()

    def kill_postmaster(self, host: Host) -> None:
        pid = (self.data(host) / "postmaster.pid").read_text().splitlines()[0]
        os.kill(int(pid), signal.SIGKILL)

    def login(self, host: Host) -> dict[str, str]:
        """The superuser's, for a program on that host itself."""
        return {"PGHOST": host.address, "PGPORT": str(PORT), "PGUSER": self.superuser, "PGDATABASE": "postgres",
                "PGPASSWORD": self.superuser_password(), "PGSSLMODE": "disable", "PGCONNECT_TIMEOUT": "2",
                "PGOPTIONS": "-c synchronous_commit=local"}

    def write_locally(self, host: Host, login: dict[str, str], size: int) -> int:
        """Writes so much log on a host that nobody else can reach, and commits it; bytes that it became."""
        rows = size // ROW_LOG_BYTES
        log = self.folder / "written-locally"
        log.unlink(missing_ok=True)
        where = "SELECT pg_current_wal_lsn() - '0/0'"
        host.start([
            str(self.postgresql / "psql"), "-XAtq", "-c", where, "-c",
            f"CREATE TABLE IF NOT EXISTS alone (word text); INSERT INTO alone SELECT md5(i::text) FROM generate_series(1, {rows}) i",
            "-c", where,
        ], log, env=login).wait()
        before, after = log.read_text().split()
        return int(after) - int(before)

    def connect(self, host: Host) -> psycopg.Connection:
        return psycopg.connect(
            host=host.address, port=PORT, user=self.superuser, password=self.superuser_password(), dbname="postgres",
            connect_timeout=2, sslmode="disable", gssencmode="disable", autocommit=True, tcp_user_timeout=2000,
            options="-c statement_timeout=2000 -c synchronous_commit=local")

    def look(self, host: Host) -> Look | None:
        """None when it does not answer."""
        try:
            with self.connect(host) as connection:
                row = connection.execute("""
                    SELECT recovering,
                        CASE WHEN recovering THEN (SELECT coalesce(max(received_tli), 0) FROM pg_stat_wal_receiver)
                        ELSE ('x' || substr(pg_walfile_name(CASE WHEN NOT recovering THEN pg_current_wal_lsn() END), 1, 8))::bit(32)::int END,
                        (SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'),
                        (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))
                    FROM (SELECT pg_is_in_recovery() AS recovering) AS self""").fetchone()
                return Look(*row)
        except (psycopg.Error, OSError):
            return None

    def primary(self) -> Host | None:
        """Who takes writes, the one on the highest timeline if several do."""
        looks = [(look.timeline, host) for host in self.hosts if (look := self.look(host)) and not look.in_recovery]
        return max(looks, key=lambda found: found[0])[1] if looks else None

    def is_whole(self) -> bool:
        """One primary, two replicas that stream from it on its timeline, and one of them synchronous if that is asked."""
        looks = [self.look(host) for host in self.hosts]
        if None in looks:
            return False
        primaries = [look for look in looks if not look.in_recovery]
        return (len(primaries) == 1
                and all(look.timeline == primaries[0].timeline for look in looks)
                and primaries[0].streaming == len(self.hosts) - 1
                and (primaries[0].synchronous > 0) == self.settings.synchronous)

    def await_whole(self, seconds: float = WHOLE_SECONDS_MAX) -> bool:
        deadline = time.monotonic() + seconds
        while not self.is_whole():
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_EVERY_SECONDS)
        return True

    def must_be_whole(self) -> None:
        if not self.await_whole():
            looks = {host.name: self.look(host) for host in self.hosts}
            raise RuntimeError(f"{self.name} is not whole after {WHOLE_SECONDS_MAX} s: {looks}; logs in {self.folder}")
