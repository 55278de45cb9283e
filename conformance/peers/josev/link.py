"""A cable between a car and a station: two network namespaces joined by a veth pair. Needs root and ``ip``."""

# Runs ``ip`` by design.
# ruff: noqa: S603, S607

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator

import msgspec

from iso15118.errors import LocalError

__all__ = ["Link", "link"]


class Link(msgspec.Struct, frozen=True):
    """Names of the namespaces and of the interfaces in them."""

    car: str
    station: str
    car_interface: str = "v2g-ev"
    station_interface: str = "v2g-se"


@contextlib.contextmanager
def link() -> Iterator[Link]:
    """Two network namespaces with a veth pair between them, removed afterwards."""
    made = Link(car=f"v2g-ev-{os.getpid()}", station=f"v2g-se-{os.getpid()}")
    try:
        for namespace in (made.car, made.station):
            _ip("netns", "add", namespace)
        _ip(
            *("link", "add", made.car_interface, "netns", made.car),
            *("type", "veth", "peer", "name", made.station_interface, "netns", made.station),
        )
        ends = ((made.car, made.car_interface), (made.station, made.station_interface))
        for namespace, interface in ends:
            # Duplicate address detection would keep the link-local address tentative for a second or two.
            setting = f"/proc/sys/net/ipv6/conf/{interface}/accept_dad"
            _ip("netns", "exec", namespace, "sh", "-c", f"echo 0 > {setting}")
            _ip("-n", namespace, "link", "set", "lo", "up")
            _ip("-n", namespace, "link", "set", interface, "up")
        for namespace, interface in ends:
            _await_address(namespace, interface)
        yield made
    finally:
        for namespace in (made.car, made.station):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise LocalError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _await_address(namespace: str, interface: str) -> None:
    """Until the link-local address can be used."""
    limit = time.monotonic() + 10.0
    command = ["ip", "-n", namespace, "-6", "-o", "address", "show", "dev", interface, "scope", "link"]
    while time.monotonic() < limit:
        shown = subprocess.run(command, check=False, capture_output=True, text=True).stdout
        if "inet6" in shown and "tentative" not in shown:
            return
        time.sleep(0.1)
    raise LocalError(f"{interface} got no link-local address")
