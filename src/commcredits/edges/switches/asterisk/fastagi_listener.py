"""Where FastAGI connects: who may, how many at once, and how long.

Knows sockets, networks and limits. Refuses to know what is asked on a connection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Final

import structlog

from commcredits.edges.switches.asterisk.failures import log_failure
from commcredits.edges.switches.asterisk.fastagi_dialog import AgiDialog, AgiOverError
from commcredits.edges.switches.asterisk.fastagi_framing import AgiFramingError
from commcredits.edges.switches.asterisk.fastagi_scripts import FastAgiScripts
from commcredits.edges.switches.complaints import Complaints

CONNECTIONS_MAX: Final = 512
CONNECTION_SECONDS_MAX: Final = 30.0
STOP_SECONDS_MAX: Final = 5.0
CLOSE_SECONDS_MAX: Final = 1.0
_BACKLOG: Final = 256
_BUFFER_BYTES: Final = 8_192
_UNKNOWN: Final = "unknown"
_log: Final = structlog.get_logger("asterisk")


class FastAgiListener:
    """A listener that serves until it is stopped."""

    def __init__(self, scripts: FastAgiScripts, networks: Sequence[str], complaints: Complaints) -> None:
        self._scripts = scripts
        self._networks = tuple(ipaddress.ip_network(each) for each in networks)
        self._complaints = complaints
        self._conversations: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes any that is free. Raises OSError when the address cannot be had."""
        self._server = await asyncio.start_server(
            self._connected, host, port, family=socket.AF_UNSPEC, backlog=_BACKLOG, limit=_BUFFER_BYTES
        )
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take no connection, let those that are open finish, cut what is left after STOP_SECONDS_MAX."""
        if self._server is None:
            return
        self._server.close()
        if self._conversations:
            await asyncio.wait(self._conversations, timeout=STOP_SECONDS_MAX)
        for conversation in tuple(self._conversations):
            conversation.cancel()
        if self._conversations:
            await asyncio.wait(self._conversations)
        await self._server.wait_closed()
        self._scripts.stop()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Nothing is read of whoever may not connect."""
        peer = _peer_of(writer)
        if not self._may(peer):
            self._complaints.say("fastagi connection refused", peer=peer, reason="its network is not allowed")
        elif len(self._conversations) >= CONNECTIONS_MAX:
            self._complaints.say("fastagi connection refused", peer=peer, reason="too many are open")
        else:
            task = asyncio.get_running_loop().create_task(self._converse(reader, writer, peer), name="fastagi")
            self._conversations.add(task)
            task.add_done_callback(self._conversations.discard)
            return
        writer.transport.abort()

    def _may(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> None:
        dialog = AgiDialog(reader, writer)
        reason = ""
        try:
            async with asyncio.timeout(CONNECTION_SECONDS_MAX):
                environment = await dialog.read_environment()
                if not await self._scripts.run(dialog, environment, peer):
                    reason = "there is no such script"
        except AgiFramingError as error:
            reason = str(error)
        except TimeoutError:
            reason = "too slow"
        except (AgiOverError, OSError):
            _log.info("fastagi connection ended early", peer=peer)
        except Exception as error:  # noqa: BLE001 # a bug of ours in one call may not end the calls of others
            log_failure("fastagi request failed", error, peer=peer)
        finally:
            await _close(writer)
        if reason:
            self._complaints.say("fastagi connection closed", peer=peer, reason=reason)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close, and do not wait long for whoever does not read what was said last."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await writer.wait_closed()
    except TimeoutError:
        writer.transport.abort()
    except OSError:
        pass


def _peer_of(writer: asyncio.StreamWriter) -> str:
    name = writer.get_extra_info("peername")
    return str(name[0]).partition("%")[0] if isinstance(name, tuple) else _UNKNOWN
