"""A relay in front of the Diameter port that writes down what passes, as a capture that tshark reads.

Knows bytes and connections, and enough of IPv4 and TCP to make up their headers. Refuses to know Diameter. A capture of
its own needs no rights, where listening on an interface does.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

CHUNK_BYTES: Final = 65_000
PATIENCE_SECONDS: Final = 5
DIAMETER_PORT: Final = 3868
"""The server's port in the capture, whatever it is: tshark knows Diameter by it."""

_RAW_IP: Final = 101
_ACK_PUSH: Final = 0x18
_OURS: Final = bytes([127, 0, 0, 2])
_THEIRS: Final = bytes([127, 0, 0, 1])


@dataclass(slots=True)
class _Way:
    """One direction of one connection."""

    source: bytes
    target: bytes
    source_port: int
    target_port: int
    sequence: int = 1


@dataclass(slots=True)
class Recorder:
    """The relay on ``port``, in front of ``target_port``, and its capture; a context manager."""

    port: int
    target_port: int
    capture: Path
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    _file: IO[bytes] | None = None
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._file = self.capture.open("wb", buffering=0)
        self._file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, _RAW_IP))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._wait_for(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait_for(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)
        self._loop.close()
        if self._file is not None:
            self._file.close()

    def _wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client_port = writer.get_extra_info("peername")[1]
        asking = _Way(_THEIRS, _OURS, client_port, DIAMETER_PORT)
        answering = _Way(_OURS, _THEIRS, DIAMETER_PORT, client_port)
        far_writer = None
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
            await asyncio.gather(
                self._copy(reader, far_writer, asking, answering), self._copy(far_reader, writer, answering, asking)
            )
        except OSError:
            pass
        finally:
            writer.transport.abort()
            if far_writer is not None:
                far_writer.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: _Way, back: _Way) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(CHUNK_BYTES):
                self._write_down(chunk, way, back)
                writer.write(chunk)
                await writer.drain()
        writer.close()

    def _write_down(self, chunk: bytes, way: _Way, back: _Way) -> None:
        assert self._file is not None
        tcp = struct.pack(
            ">HHIIBBHHH", way.source_port, way.target_port, way.sequence, back.sequence, 5 << 4, _ACK_PUSH, 65_535, 0, 0
        )
        length = 20 + len(tcp) + len(chunk)
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, 6, 0, way.source, way.target)
        now = time.time_ns() // 1000
        record = struct.pack("<IIII", now // 1_000_000, now % 1_000_000, length, length)
        self._file.write(record + ip + tcp + chunk)
        way.sequence = (way.sequence + len(chunk)) & 0xFFFF_FFFF
