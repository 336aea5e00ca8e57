"""Two hosts on one Linux machine, joined by a network of a given rate: network namespaces with a veth pair, each with its own host name.

Needs root, `ip` and `tc` (iproute2), `unshare` (util-linux).
"""

import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

HOSTS = {"limn-a": "10.77.0.1", "limn-b": "10.77.0.2"}
ADDRESSES = "10.77.0.0/24"
# The interface is named alike in both, so that one option serves both ranks.
INTERFACE = "limn0"


def call(*command, quiet=False):
    subprocess.run(list(map(str, command)), check=not quiet, stderr=subprocess.DEVNULL if quiet else None)


class Network:
    """Exists inside `with`; at the end, also after Ctrl-C, processes in the namespaces are ended and all files removed."""

    def __enter__(self):
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        taken = [f"/run/netns/{h}" for h in HOSTS if Path(f"/run/netns/{h}").exists()]
        if taken:
            raise SystemExit(f"{taken[0]} exists: another benchmark is running, or one was killed; then: ip netns del NAME")
        try:
            for host in HOSTS:
                call("ip", "netns", "add", host)
                folder = Path("/etc/netns") / host
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "hosts").write_text("127.0.0.1 localhost\n" + "".join(f"{a} {h}\n" for h, a in HOSTS.items()))
            first, second = HOSTS
            call("ip", "-n", first, "link", "add", INTERFACE, "type", "veth", "peer", "name", INTERFACE, "netns", second)
            for host, address in HOSTS.items():
                call("ip", "-n", host, "address", "add", f"{address}/24", "dev", INTERFACE)
                for interface in ("lo", INTERFACE):
                    call("ip", "-n", host, "link", "set", interface, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not leave the rest behind.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for host in HOSTS:
            deadline = time.monotonic() + 5
            while (processes := self._processes(host)):
                for process in processes:
                    try:
                        os.kill(process, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                time.sleep(0.2)
            call("ip", "netns", "del", host, quiet=True)
            shutil.rmtree(f"/etc/netns/{host}", ignore_errors=True)

    @staticmethod
    def _processes(host):
        answer = subprocess.run(["ip", "netns", "pids", host], capture_output=True, text=True)
        return [int(p) for p in answer.stdout.split()]

    def limit(self, gigabits):
        """Limits the rate of both directions, in Gbit/s; None is no limit."""
        for host in HOSTS:
            call("ip", "netns", "exec", host, "tc", "qdisc", "del", "dev", INTERFACE, "root", quiet=True)
            if gigabits:
                # A burst is what passes at once: the largest segment that TCP hands to the interface, and a millisecond.
                burst = max(128_000, int(gigabits * 125_000))
                call("ip", "netns", "exec", host, "tc", "qdisc", "add", "dev", INTERFACE, "root", "tbf",
                     "rate", f"{gigabits}gbit", "burst", burst, "latency", "20ms")

    def on(self, host, command):
        """The command that runs `command` on a host."""
        return ["ip", "netns", "exec", host, "unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host,
                *map(str, command)]

    def sent(self, host):
        """The bytes that a host has sent."""
        answer = subprocess.run(["ip", "netns", "exec", host, "cat", f"/sys/class/net/{INTERFACE}/statistics/tx_bytes"],
                                check=True, capture_output=True, text=True)
        return int(answer.stdout)

    def mpirun(self, command, folder):
        """The command that runs a rank of `command` on each host, rank N on processor N; it writes a file to the folder."""
        agent = Path(folder) / "agent"
        agent.write_text("#!/bin/sh\nhost=$1\nshift\nexec " + shlex.join(self.on("HOST", [])).replace("HOST", '"$host"')
                         + ' sh -c "$*"\n')
        agent.chmod(0o755)
        options = {"plm_rsh_agent": agent, "btl": "tcp,self", "btl_tcp_if_include": ADDRESSES, "oob_tcp_if_include": ADDRESSES}
        first = next(iter(HOSTS))
        return self.on(first, [
            "env", "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "mpirun", "--host", ",".join(HOSTS), "-n", 2,
            "--bind-to", "none", *[part for key, value in options.items() for part in ("--mca", key, value)],
            "sh", "-c", 'exec taskset -c "$OMPI_COMM_WORLD_RANK" "$@"', "-", *command])
