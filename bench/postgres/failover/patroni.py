"""Patroni over etcd: on each host a member of etcd, Patroni and PostgreSQL, everything at its defaults unless said."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .cluster import PORT, Cluster, Settings
from .hosts import Host

REST_PORT = 8008
DEFAULTS = {"ttl": 30, "loop_wait": 10, "retry_timeout": 10}
FASTEST = {"ttl": 20, "loop_wait": 1, "retry_timeout": 3}  # the least that Patroni accepts
REST_SECONDS_MAX = 60

SIDES = {
    "patroni": Settings(False, DEFAULTS, phase_seconds=10),
    "patroni-sync": Settings(True, DEFAULTS, phase_seconds=10),
    "patroni-fast": Settings(False, FASTEST, phase_seconds=1),
    "patroni-fast-sync": Settings(True, FASTEST, phase_seconds=1),
}


class PatroniCluster(Cluster):
    """`packages` is a folder that user postgres may read: PostgreSQL, and so Patroni, does not run as root."""

    def __init__(self, name: str, hosts: list[Host], folder: Path, postgresql: Path, etcd: Path, packages: Path,
                 python: Path):
        super().__init__(name, hosts, folder, postgresql)
        self.etcd = etcd
        self.packages = packages
        self.python = python
        self.password = secrets.token_hex(8)

    def superuser_password(self) -> str:
        return self.password

    def data(self, host: Host) -> Path:
        return self.folder / host.name / "data"

    def lay_out(self, settings: Settings) -> None:
        for host in self.hosts:
            home = self.folder / host.name
            home.mkdir()
            shutil.chown(home, "postgres", "postgres")
            # Patroni reads YAML, and so JSON.
            (home / "patroni.yml").write_text(json.dumps(self.node(host, settings), indent=2))

    def node(self, host: Host, settings: Settings) -> dict[str, Any]:
        home = self.folder / host.name
        return {
            "scope": "bench",
            "name": host.name,
            "restapi": {"listen": f"{host.address}:{REST_PORT}", "connect_address": f"{host.address}:{REST_PORT}"},
            "etcd3": {"hosts": [f"{each.address}:2379" for each in self.hosts]},
            "bootstrap": {
                "dcs": {**self.dynamic(settings), "postgresql": {"use_pg_rewind": True}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"{host.address}:{PORT}",
                "connect_address": f"{host.address}:{PORT}",
                "data_dir": str(self.data(host)),
                "bin_dir": str(self.postgresql),
                "pgpass": str(home / "pgpass"),
                "authentication": {
                    "superuser": {"username": self.superuser, "password": self.password},
                    "replication": {"username": "replicator", "password": self.password},
                },
                "parameters": {"unix_socket_directories": str(home)},
                "pg_hba": [
                    "local all all trust",
                    "host replication replicator all scram-sha-256",
                    "host all all all scram-sha-256",
                ],
            },
        }

    @staticmethod
    def dynamic(settings: Settings) -> dict[str, Any]:
        return {**settings.options, "synchronous_mode": settings.synchronous}

    def programs(self, host: Host) -> dict[str, Callable[[], subprocess.Popen]]:
        home = self.folder / host.name

        def etcd() -> subprocess.Popen:
            client, peer = f"http://{host.address}:2379", f"http://{host.address}:2380"
            return host.start([
                str(self.etcd), "--name", host.name, "--data-dir", str(home.parent / f"{host.name}-etcd"),
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", ",".join(f"{each.name}=http://{each.address}:2380" for each in self.hosts),
            ], self.folder / f"{host.name}-etcd.log")

        def patroni() -> subprocess.Popen:
            return host.start([str(self.python), "-m", "patroni", str(home / "patroni.yml")], home / "patroni.log",
                              user="postgres", env={"PYTHONPATH": str(self.packages), "HOME": str(home)})

        return {"store": etcd, "manager": patroni}

    def configure(self, settings: Settings) -> None:
        before = self.settings.options
        self.ask("PATCH", self.hosts[0], "/config", self.dynamic(settings))
        time.sleep(before["loop_wait"] + 2)  # by then every member has read it and begun a round with it

    def switch_over(self, old: Host, new: Host) -> None:
        self.ask("POST", old, "/switchover", {"leader": old.name, "candidate": new.name})

    @staticmethod
    def ask(method: str, host: Host, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(f"http://{host.address}:{REST_PORT}{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=REST_SECONDS_MAX) as answer:
            answer.read()
