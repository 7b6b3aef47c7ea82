"""Loopback ports that are free, and the proof of it.

Knows sockets. Refuses to know who will use them.
"""

import contextlib
import socket
from typing import Final

LOOPBACK: Final = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """So many different ports on which neither UDP nor TCP is heard now."""
    ports: list[int] = []
    with contextlib.ExitStack() as taken:
        while len(ports) < count:
            datagrams = taken.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            stream = taken.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            datagrams.bind((LOOPBACK, 0))
            port = int(datagrams.getsockname()[1])
            with contextlib.suppress(OSError):
                stream.bind((LOOPBACK, port))
                ports.append(port)
    return ports


def assert_free(port: int) -> None:
    """Raises OSError where somebody hears UDP on the port: two Kamailios share one without a word."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, port))
