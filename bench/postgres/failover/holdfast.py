"""Holdfast: on each host a member of its store, an agent, and the PostgreSQL that the agent's keeper runs."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from . import programs
from .cluster import PORT, Cluster, Settings
from .hosts import Host

SERVICE = "db"
LEASE = "2s"
PROXY_PORT = 6432
STORE_SECONDS_MAX = 60
ASK_SECONDS_MAX = 10
CHANGE_SECONDS = 4  # by then every keeper has read the fleet and acts on it

SIDES = {
    "holdfast": Settings(False, {"durability": "async"}),
    "holdfast-sync": Settings(True, {"durability": "sync-1"}),
}


class HoldfastCluster(Cluster):
    """`launcher` is the program `holdfast`, `etcdctl` speaks to its store."""

    proxy_port = PROXY_PORT

    def __init__(self, name: str, hosts: list[Host], folder: Path, postgresql: Path, launcher: Path, etcdctl: Path):
        super().__init__(name, hosts, folder, postgresql)
        self.launcher = launcher
        self.etcdctl = etcdctl
        self.store = programs.store(hosts)
        self.password = ""

    def programs(self, host: Host) -> dict[str, Callable[[], subprocess.Popen]]:
        return programs.programs(self.launcher, self.folder, self.hosts, host)

    def data(self, host: Host) -> Path:
        return programs.agent_folder(self.folder, host) / "postgresql" / SERVICE / "data"

    def log(self, host: Host) -> Path:
        return programs.agent_log(self.folder, host)

    def said(self, host: Host) -> int:
        return self.log(host).stat().st_size

    def returned(self, host: Host, since: int) -> str:
        with open(self.log(host), "rb") as log:
            log.seek(since)
            words = log.read().decode(errors="replace")
        if "Clone: " in words or " and is cloned: " in words:
            return "cloned"
        return "rewound" if "Rewind: " in words else ""

    def lay_out(self, settings: Settings) -> None:
        self.password = ""
        self.write_fleet(settings)

    def write_fleet(self, settings: Settings) -> None:
        # YAML, and so JSON.
        (self.folder / "fleet.yaml").write_text(json.dumps({
            "fleet": "bench",
            "hosts": {host.name: {"address": host.address} for host in self.hosts},
            "services": {
                SERVICE: {
                    "kind": "postgresql",
                    "hosts": [host.name for host in self.hosts],
                    "port": PORT,
                    "postgresql": {
                        "bin": str(self.postgresql), "user": "postgres", "lease": LEASE, "write-port": PROXY_PORT,
                        "read-port": PROXY_PORT + 1,
                        **settings.options,
                    },
                },
            },
        }, indent=2))

    def after_start(self) -> None:
        self.apply(STORE_SECONDS_MAX)

    def apply(self, seconds: float) -> None:
        """Retried until the store answers."""
        deadline = time.monotonic() + seconds
        while True:
            done = subprocess.run(
                [self.launcher, "apply", "--yes", f"--store={self.store}", self.folder / "fleet.yaml"],
                capture_output=True, text=True)
            if done.returncode == 0:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"holdfast apply: {done.stdout}{done.stderr}")
            time.sleep(1)

    def configure(self, settings: Settings) -> None:
        self.write_fleet(settings)
        self.apply(ASK_SECONDS_MAX)
        time.sleep(CHANGE_SECONDS)

    def switch_over(self, old: Host, new: Host) -> None:
        wish = {"id": uuid.uuid4().hex[:8], "to": new.name, "atMillis": 0}
        self.ask("put", f"/holdfast/postgres/{SERVICE}/request", json.dumps(wish))

    def superuser_password(self) -> str:
        if not self.password:
            answer = self.ask("get", "--print-value-only", f"/holdfast/postgres/{SERVICE}/secrets")
            self.password = json.loads(answer)["superuserPassword"] if answer.strip() else ""
        return self.password or "none yet"

    def ask(self, *words: str) -> str:
        return subprocess.run([self.etcdctl, f"--endpoints={self.store}", *words], check=True, capture_output=True,
                              text=True, timeout=ASK_SECONDS_MAX).stdout
