"""A client of the JSON-RPC interface over a real socket, and an OpenSIPS made of it.

Knows what OpenSIPS' module ``cgrates`` sends, field by field, and what it makes of the answers, as its source has it.
Refuses to know SIP.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, Self

WAIT_SECONDS = 30
SETUP_TIME = "1795348800"


class Client:
    """One connection. ``serve`` answers what the other side asks: a result, or raises RpcError."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, serve: Callable[[str, Any], Any]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._serve = serve
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, port: int, serve: Callable[[str, Any], Any] | None = None) -> Self:
        """A new connection to the port."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return cls(reader, writer, serve or _knows_nothing)

    async def call(self, method: str, parameter: Any, *, number: int | None = None, **more: Any) -> dict[str, Any]:
        """The whole answer to a request."""
        number = next(self._numbers) if number is None else number
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._send({"method": method, "params": [parameter], "id": number, **more})
        async with asyncio.timeout(WAIT_SECONDS):
            return await future

    async def close(self) -> None:
        """Go, politely."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    async def lose(self) -> None:
        """Go without a goodbye."""
        self._writer.transport.abort()
        await self.close()

    def _send(self, message: dict[str, Any]) -> None:
        # As json-c writes it: spaces, no line end.
        self._writer.write(json.dumps(message).replace("/", r"\/").encode())

    async def _read(self) -> None:
        decoder, text = json.JSONDecoder(), ""
        while data := await self._reader.read(65_536):
            text += data.decode()
            while text:
                try:
                    message, end = decoder.raw_decode(text)
                except ValueError:
                    break
                text = text[end:].lstrip()
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            future = self._waiting.pop(message["id"], None)
            if future is not None and not future.done():
                future.set_result(message)
            return
        try:
            result, error = self._serve(message["method"], message["params"][0]), None
        except RpcError as refused:
            result, error = None, str(refused)
        self._send({"error": error, "result": result, "id": message["id"]})


class RpcError(Exception):
    """What a client answers when it does not do what it is asked."""


def _knows_nothing(_method: str, _parameter: Any) -> Any:
    raise RpcError("Unknown Method")


class Dialog:
    """One call at the fake OpenSIPS: how long it may last, and why it was ended by us."""

    def __init__(self, call_id: str, account: str, destination: str, number: int) -> None:
        self.call_id = call_id
        self.account = account
        self.destination = destination
        self.h_id = number
        self.h_entry = 1_000 + number
        self.lifetime_seconds = 43_200
        self.engaged = False
        self.ended_because = ""
        self.ended = asyncio.Event()


class FakeOpensips:
    """OpenSIPS with its module ``cgrates``: ``compat`` is its parameter ``compat_mode``, ``lists`` is newer versions'.

    What it does not know, it leaves out as the module does: no Usage but at the end, no updates, no OriginHost.
    """

    def __init__(self, port: int, *, compat: bool = False, lists: bool = True, **event: Any) -> None:
        self._port = port
        self._compat = compat
        self._lists = lists
        self._event = event
        self._numbers = count(7)
        self._client: Client | None = None
        self.dialogs: dict[str, Dialog] = {}
        self.cgr_ret: Any = None

    async def connect(self, port: int | None = None) -> None:
        """Open the default connection."""
        self._port = self._port if port is None else port
        self._client = await Client.connect(self._port, self._serve)

    async def lose(self) -> None:
        """The connection breaks."""
        assert self._client is not None
        await self._client.lose()
        self._client = None

    async def close(self) -> None:
        """Stop."""
        if self._client is not None:
            await self._client.close()

    async def cgrates_auth(self, account: str, destination: str, call_id: str) -> int:
        """What the script function returns: 1 may call, -2 may not; ``cgr_ret`` is what it then finds."""
        event = {
            **self._event,
            "OriginID": call_id,
            "Account": account,
            "SetupTime": SETUP_TIME,
            "Destination": destination,
        }
        if self._compat:
            answer = await self._call("SMGenericV1.GetMaxUsage", event)
        else:
            answer = await self._call("SessionSv1.AuthorizeEventWithDigest", {"Event": event, "GetMaxUsage": True})
        if answer["error"] is not None:
            assert isinstance(answer["error"], str), "the module takes no other error"
            self.cgr_ret = answer["error"]
            return -2
        if self._compat:
            assert type(answer["result"]) is int, "the module takes no other answer"
            self.cgr_ret = answer["result"]
        else:
            # json-c tells a whole number from one with a point, and the module reads the former as true: 1.
            usage = answer["result"]["MaxUsage"]
            self.cgr_ret = int(usage) if type(usage) is float else int(bool(usage))
        return -2 if self.cgr_ret == 0 else 1

    async def answer(self, account: str, destination: str, call_id: str) -> Dialog:
        """The call is answered (200 OK): the session is initiated, and the dialog ended at once where that fails."""
        dialog = self.dialogs[call_id] = Dialog(call_id, account, destination, next(self._numbers))
        event = {
            **self._event,
            "OriginID": call_id,
            "DialogID": dialog.h_id,
            "DialogEntry": dialog.h_entry,
            "Account": account,
            "SetupTime": SETUP_TIME,
            "AnswerTime": SETUP_TIME,
            "Destination": destination,
        }
        answer = await self._start(event)
        seconds = 0 if answer["error"] is not None else self._seconds(answer["result"])
        if seconds == 0:
            self._end(dialog, "CGRateS Accounting Denied")
            return dialog
        dialog.engaged = True
        dialog.lifetime_seconds = min(dialog.lifetime_seconds, seconds)
        return dialog

    async def bye(self, dialog: Dialog, used_seconds: int, *, cdr: bool = False) -> list[str | None]:
        """The call is over: the errors of what is told then."""
        self._end(dialog, dialog.ended_because)
        event = {
            **self._event,
            "OriginID": dialog.call_id,
            "Account": dialog.account,
            "AnswerTime": SETUP_TIME,
            "Usage": f"{used_seconds}s",
        }
        told = [await self._told("TerminateSession", {"Event": event, "TerminateSession": True}, event)]
        if cdr:
            told.append(await self.cdr(dialog.call_id, dialog.account, dialog.destination, used_seconds))
        return told

    async def cdr(
        self, call_id: str, account: str, destination: str, used_seconds: int, *, answered: bool = True
    ) -> Any:
        """The error of a record, as the flag ``cdr`` has it sent, or ``missed`` for a call that nobody answered."""
        event = {
            **self._event,
            "OriginID": call_id,
            "Account": account,
            "Destination": destination,
            "Usage": f"{used_seconds}s",
            **({"AnswerTime": SETUP_TIME} if answered else {"SetupTime": SETUP_TIME}),
            "DisconnectCause": "Downstream BYE",
        }
        return await self._told("ProcessCDR", {"Event": event}, event)

    async def _start(self, event: dict[str, Any]) -> dict[str, Any]:
        if self._compat:
            return await self._call("SMGenericV1.InitiateSession", event)
        return await self._call("SessionSv1.InitiateSession", {"Event": event, "InitSession": True})

    async def _told(self, name: str, parameter: Any, event: Any) -> Any:
        if self._compat:
            return (await self._call(f"SMGenericV1.{name}", event))["error"]
        return (await self._call(f"SessionSv1.{name}", parameter))["error"]

    async def _call(self, method: str, parameter: Any) -> dict[str, Any]:
        assert self._client is not None
        return await self._client.call(method, parameter)

    def _seconds(self, result: Any) -> int:
        if self._compat:
            assert type(result) is int, "the module takes no other answer"
            return result
        usage = result["MaxUsage"]
        assert type(usage) is int, "the module takes no other answer"
        return usage // 1_000_000_000

    def _serve(self, method: str, parameter: Any) -> Any:
        if method == "SMGClientV1.DisconnectSession" or (method == "SessionSv1.DisconnectSession" and not self._compat):
            return self._disconnect(parameter)
        if method == "SessionSv1.GetActiveSessionIDs" and self._lists:
            return [{"OriginHost": "", "OriginID": each.call_id} for each in self.dialogs.values() if each.engaged]
        raise RpcError("Unknown Method")

    def _disconnect(self, parameter: Any) -> str:
        start = parameter["EventStart"]
        for dialog in self.dialogs.values():
            if (dialog.h_id, dialog.h_entry) == (start["DialogID"], start["DialogEntry"]) and dialog.engaged:
                self._end(dialog, f"CGRateS Disconnect: {parameter['Reason']}")
                return "OK"
        raise RpcError("cannot terminate dialog")

    def _end(self, dialog: Dialog, because: str) -> None:
        dialog.engaged = False
        dialog.ended_because = because
        dialog.ended.set()
