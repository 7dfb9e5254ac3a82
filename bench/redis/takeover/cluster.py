"""Clusters of three Redis, and how they are seen to be whole: by asking Redis only."""

from __future__ import annotations

import abc
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from failover import programs
from failover.hosts import Host

from . import resp

PORT = 6379
SENTINEL_PORT = 26379
PROXY_PORT = 6390
SERVICE = "cache"
WHOLE_SECONDS_MAX = 240
APPLY_SECONDS_MAX = 60
SETTLED_SECONDS = 4


class Cluster(abc.ABC):
    """Programs are started by role; one role is `manager`."""

    password = ""
    proxy_port = 0

    def __init__(self, hosts: list[Host], folder: Path):
        self.hosts = hosts
        self.folder = folder
        self.running: dict[tuple[str, str], subprocess.Popen] = {}
        self.options: object = None

    @abc.abstractmethod
    def programs(self, host: Host) -> dict[str, Callable[[], subprocess.Popen]]: ...

    @abc.abstractmethod
    def configure(self, options: object) -> None:
        """Tells a running cluster."""

    @abc.abstractmethod
    def lay_out(self) -> None: ...

    def agrees(self, primary: Host) -> bool:
        """Whether the managers see what Redis says."""
        return True

    def use(self, options: object) -> None:
        if self.options is None:
            for host in self.hosts:
                host.plug()
                host.kill_all()
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self.folder.chmod(0o755)
            self.lay_out()
            for host in self.hosts:
                self.revive(host)
        if self.options != options:
            self.configure(options)
            self.options = options
        if not self.await_whole():
            raise RuntimeError(f"not whole after {WHOLE_SECONDS_MAX} s; logs in {self.folder}")

    def revive(self, host: Host) -> None:
        for role, start in self.programs(host).items():
            program = self.running.get((host.name, role))
            if program is None or program.poll() is not None:
                self.running[host.name, role] = start()

    def connect(self, host: Host) -> resp.Connection:
        return resp.Connection(host.address, PORT, self.password, 1.0)

    def look(self, host: Host) -> dict[str, str] | None:
        try:
            with self.connect(host) as connection:
                return resp.info(connection)
        except (OSError, resp.Refused):
            return None

    def primary(self) -> Host | None:
        """Who takes writes and has replicas; the one with most of them."""
        found = [(int(look["connected_slaves"]), index) for index, host in enumerate(self.hosts)
                 if (look := self.look(host)) and look["role"] == "master"]
        return self.hosts[max(found)[1]] if found else None

    def is_whole(self) -> bool:
        looks = {host.name: self.look(host) for host in self.hosts}
        primary = self.primary()
        if None in looks.values() or primary is None:
            return False
        replicas = [look for look in looks.values() if look and look["role"] == "slave"]
        return (len(replicas) == 2
                and all(look["master_link_status"] == "up" and look["master_host"] == primary.address for look in replicas)
                and self.agrees(primary))

    def await_whole(self) -> bool:
        deadline = time.monotonic() + WHOLE_SECONDS_MAX
        while not self.is_whole():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.25)
        return True


class HoldfastCluster(Cluster):
    """On each host a member of the store, an agent, and the Redis that the agent's keeper runs."""

    proxy_port = PROXY_PORT

    def __init__(self, hosts: list[Host], folder: Path, launcher: Path, etcdctl: Path):
        super().__init__(hosts, folder)
        self.launcher = launcher
        self.etcdctl = etcdctl
        self.store = programs.store(hosts)

    def programs(self, host: Host) -> dict[str, Callable[[], subprocess.Popen]]:
        return programs.programs(self.launcher, self.folder, self.hosts, host)

    def lay_out(self) -> None:
        pass

    def configure(self, options: object) -> None:
        # YAML, and so JSON.
        file = self.folder / "fleet.yaml"
        file.write_text(json.dumps({
            "fleet": "bench",
            "hosts": {host.name: {"address": host.address} for host in self.hosts},
            "services": {SERVICE: {
                "kind": "redis", "hosts": [host.name for host in self.hosts], "port": PORT,
                "redis": {"auth": False, "durability": str(options), "write-port": PROXY_PORT, "read-port": PROXY_PORT + 1},
            }},
        }, indent=2))
        deadline = time.monotonic() + APPLY_SECONDS_MAX
        while True:
            done = subprocess.run([self.launcher, "apply", "--yes", f"--store={self.store}", file],
                                  capture_output=True, text=True)
            if done.returncode == 0:
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"holdfast apply: {done.stdout}{done.stderr}")
            time.sleep(1)
        time.sleep(SETTLED_SECONDS)

    def agrees(self, primary: Host) -> bool:
        """One rule stands that lets the replicas elect."""
        done = subprocess.run([self.etcdctl, f"--endpoints={self.store}", "get", "--print-value-only",
                               f"/holdfast/redis/{SERVICE}/state"], capture_output=True, text=True)
        if done.returncode != 0 or not done.stdout.strip():
            return False
        rules = json.loads(done.stdout)["rules"]
        return len(rules) == 1 and len(rules[0]["voters"]) == 2


class SentinelCluster(Cluster):
    """On each host a Redis and a Sentinel."""

    def __init__(self, hosts: list[Host], folder: Path, program: str):
        super().__init__(hosts, folder)
        self.program = program

    def programs(self, host: Host) -> dict[str, Callable[[], subprocess.Popen]]:
        home = self.folder / host.name
        return {
            "redis": lambda: host.start([self.program, str(home / "redis.conf")], home / "redis.log"),
            "manager": lambda: host.start([self.program, str(home / "sentinel.conf"), "--sentinel"], home / "sentinel.log"),
        }

    def lay_out(self) -> None:
        first = self.hosts[0]
        for host in self.hosts:
            home = self.folder / host.name
            (home / "data").mkdir(parents=True)
            lines = [
                f"bind {host.address}", f"port {PORT}", "protected-mode no", f"dir {home}/data", "appendonly yes", 'save ""',
                "repl-diskless-sync-delay 0", "repl-backlog-size 64mb", f"replica-announce-ip {host.address}",
            ] + ([] if host is first else [f"replicaof {first.address} {PORT}"])
            (home / "redis.conf").write_text("\n".join(lines) + "\n")
            (home / "sentinel.conf").write_text("\n".join([
                f"bind {host.address}", f"port {SENTINEL_PORT}", "protected-mode no", f"dir {home}",
                f"sentinel monitor {SERVICE} {first.address} {PORT} 2",
            ]) + "\n")

    def configure(self, options: object) -> None:
        assert isinstance(options, tuple)
        down_after, timeout = options
        time.sleep(SETTLED_SECONDS)
        for host in self.hosts:
            with resp.Connection(host.address, SENTINEL_PORT) as sentinel:
                sentinel.call("SENTINEL", "SET", SERVICE, "down-after-milliseconds", down_after)
                sentinel.call("SENTINEL", "SET", SERVICE, "failover-timeout", timeout)

    def agrees(self, primary: Host) -> bool:
        for host in self.hosts:
            try:
                with resp.Connection(host.address, SENTINEL_PORT, seconds=1.0) as sentinel:
                    fields = sentinel.call("SENTINEL", "MASTER", SERVICE)
            except (OSError, resp.Refused):
                return False
            assert isinstance(fields, list)
            said = dict(zip(fields[::2], fields[1::2]))
            if (said["ip"], said["flags"], said["num-slaves"], said["num-other-sentinels"]) != (
                    primary.address, "master", "2", "2"):
                return False
        return True
