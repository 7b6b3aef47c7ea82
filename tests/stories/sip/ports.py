"""Loopback ports that are free, and the proof of it.

Knows sockets. Refuses to know who will use them.
"""

import os
import random
import socket
from collections.abc import Sequence
from typing import Final

LOOPBACK: Final = "127.0.0.1"
PORTS: Final = range(20_000, 32_000, 4)
"""Below the ports that the kernel hands out by itself, so that nobody is given one between our look and its use; four
apart, because a telephone takes the ports after its own for media."""


def free_ports(count: int) -> list[int]:
    """So many different ports on which neither UDP nor TCP is heard now. Raises OSError where there are too few."""
    own = _own_ports()
    candidates = random.SystemRandom().sample(own, len(own))
    free = [port for port in candidates[: count * 8] if _is_free(port)]
    if len(free) < count:
        raise OSError(f"fewer than {count} loopback ports are free")
    return free[:count]


def assert_free(port: int) -> None:
    """Raises OSError where somebody hears UDP on the port: two Kamailios share one without a word."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, port))


def _own_ports() -> Sequence[int]:
    """Those of this process, where several share the tests: nobody looks for a port that another is about to use."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return PORTS[int(worker) :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]


def _is_free(port: int) -> bool:
    try:
        assert_free(port)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, port))
    except OSError:
        return False
    return True
