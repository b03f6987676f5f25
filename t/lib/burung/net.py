"""A small network of one's own: machines, each in a network namespace, plugged into a bridge.

The program that uses it must have been started by enter(): then bridge, machines and every process
on them belong to namespaces of this program and go with it."""

import os
import shutil
import subprocess
import sys

from burung.server import wait_for

BRIDGE = "br0"
PREFIX = "10.77.0"
INSIDE = "BURUNG_TEST_INSIDE"
UNSHARE = ("--net", "--pid", "--mount", "--mount-proc", "--fork", "--kill-child")


def unshare() -> list[str] | None:
    """The command that starts another in namespaces of its own; None: not allowed here."""
    if not all(map(shutil.which, ("unshare", "nsenter", "ip", "nft"))):
        return None
    command = ["unshare", *UNSHARE]
    trial = "ip link add t0 type bridge && nft add table inet t"
    done = subprocess.run([*command, "sh", "-c", trial], capture_output=True, timeout=30)
    return command if done.returncode == 0 else None


def enter() -> None:
    """Goes on in namespaces of its own: replaces this program by itself once more."""
    if INSIDE in os.environ:
        run("ip", "link", "set", "lo", "up")
        return
    command = unshare()
    if command is None:
        print("SKIPPED: needs unshare, nsenter, ip, nft and root's right to make namespaces")
        sys.exit(77)
    again = [*command, sys.executable, *sys.argv]
    os.execvpe(again[0], again, {**os.environ, INSIDE: "1"})


def run(*command: object) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"


class Net:
    """The bridge. This program itself is at .1."""

    def __init__(self) -> None:
        self.address = f"{PREFIX}.1"
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "addr", "add", f"{self.address}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")

    def machine(self, name: str, number: int) -> "Machine":
        return Machine(name, number)


class Machine:
    """A network namespace with one cable to the bridge."""

    def __init__(self, name: str, number: int):
        self.name = name
        self.address = f"{PREFIX}.{number}"
        self.cable = f"cable{number}"  # its end at the bridge
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        pid = self.holder.pid
        ours = os.readlink("/proc/self/ns/net")
        wait_for("a namespace", lambda: os.readlink(f"/proc/{pid}/ns/net") != ours)
        # A prefix that becomes the command which follows, on this machine.
        self.wrapper = ("nsenter", f"--net=/proc/{pid}/ns/net", "--")
        run("ip", "link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", pid)
        run("ip", "link", "set", self.cable, "master", BRIDGE)
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("nft", "add table inet cut")
        for hook in ("input", "output"):
            chain = f"{{ type filter hook {hook} priority 0; }}"
            self.run("nft", f"add chain inet cut {hook} {chain}")
        self.plug()

    def run(self, *command: object) -> None:
        run(*self.wrapper, *command)

    def unplug(self) -> None:
        """Nobody hears from it any more, and nobody is told."""
        run("ip", "link", "set", self.cable, "down")

    def plug(self) -> None:
        run("ip", "link", "set", self.cable, "up")

    def part_from(self, other: "Machine") -> None:
        """What these two send each other is dropped in silence."""
        self.run("nft", f"add rule inet cut input ip saddr {other.address} drop")
        self.run("nft", f"add rule inet cut output ip daddr {other.address} drop")

    def rejoin(self) -> None:
        self.run("nft", "flush table inet cut")
