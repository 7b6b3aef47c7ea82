"""The control endpoint of a Kamailio that asks us over HTTP: its wire, which deploy/kamailio/kamailio.cfg serves.

Knows paths, bodies and the secret that opens it. Refuses to know when something is told, and what a list means: the
link does (commcredits.edges.switches.kamailio.control).
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import httpx
import msgspec

from commcredits.edges.switches.kamailio.listing import LiveCalls
from commcredits.operations.following import CallOrder
from commcredits.settings.addresses import split_address

ORDERS_MAX: Final = 50
"""How many orders go in one request; Kamailio takes 100."""

_CALLS_MAX: Final = 500_000
_PAGES_MAX: Final = 10_000
_ANSWER_BYTES_MAX: Final = 262_144
_ANSWER_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 2.0

T = TypeVar("T")


class ControlFailed(Exception):  # noqa: N818 - the answer of the far side, not an error of ours
    """The proxy did not do what it was asked, or gave no answer that can be read; the message says why."""


class _Outcomes(msgspec.Struct, frozen=True):
    outcomes: Annotated[list[Literal["taken", "unknown"]], msgspec.Meta(max_length=ORDERS_MAX)]


class _Overview(msgspec.Struct, frozen=True):
    switch: Annotated[str, msgspec.Meta(max_length=128)]
    list_id: Annotated[str, msgspec.Meta(max_length=64)] = msgspec.field(name="list")
    pages: Annotated[int, msgspec.Meta(ge=0, le=_PAGES_MAX)]
    calls: Annotated[int, msgspec.Meta(ge=0, le=_CALLS_MAX)]


class _Call(msgspec.Struct, frozen=True):
    session_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    organization_id: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f-]{36})?$")]
    ending: bool = False  # a configuration of before does not say it


class _Page(msgspec.Struct, frozen=True):
    calls: list[_Call]


class ControlEndpoint:
    """A client of one proxy's control endpoint; its connections are kept, and opened again where they were lost."""

    __slots__ = ("_client",)

    def __init__(self, address: str, secret: str) -> None:
        host, port = split_address(address)
        self._client = httpx.AsyncClient(
            base_url=httpx.URL(scheme="http", host=host, port=port),
            headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
            # An empty context costs nothing; the usual one would read every certificate of the system for plain HTTP.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=False,
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
        )

    async def give(self, orders: Sequence[CallOrder]) -> list[bool]:
        """Tell the proxy what to do about calls, ORDERS_MAX at most; for each, whether it has that call.

        Raises ControlFailed: then it is not known which it took, and each may be given again.
        """
        told = [{"order": order.kind.value, "session_id": order.session_id, "reason": order.reason} for order in orders]
        answer = await self._post("/orders", {"orders": told}, _Outcomes)
        if len(answer.outcomes) != len(told):
            raise ControlFailed(f"{len(answer.outcomes)} outcomes for {len(told)} orders")
        return [outcome == "taken" for outcome in answer.outcomes]

    async def live_calls(self, switch: str) -> LiveCalls:
        """All calls that the proxy has, ringing ones too, and those of which the end waits. All, or ControlFailed.

        The proxy must call itself ``switch``, as its calls do: another name's list would have every call cut.
        """
        overview = await self._post("/calls", {}, _Overview)
        if overview.switch != switch:
            raise ControlFailed(f"it calls itself {overview.switch}; give both sides the same name")
        running: dict[str, str] = {}
        ending: set[str] = set()
        for number in range(1, overview.pages + 1):
            page = await self._post("/calls/page", {"list": overview.list_id, "page": number}, _Page)
            running.update((call.session_id, call.organization_id) for call in page.calls if not call.ending)
            ending.update(call.session_id for call in page.calls if call.ending)
        if (count := len(running) + len(ending)) != overview.calls:
            raise ControlFailed(f"a list of {count} calls where {overview.calls} run")
        return LiveCalls(running=running, ending=frozenset(ending))

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _post(self, path: str, body: Any, form: type[T]) -> T:
        content = msgspec.json.encode(body)
        for last in (False, True):
            try:
                return msgspec.json.decode(await self._answer(path, content), type=form)
            except httpx.RemoteProtocolError as error:
                # Most likely a kept connection that the other side was just closing.
                if last:
                    raise ControlFailed(type(error).__name__) from error
            except (httpx.HTTPError, OSError) as error:
                # Its name says enough, and some texts repeat the header that holds the secret.
                raise ControlFailed(type(error).__name__) from error
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ControlFailed(f"an answer to {path} that cannot be read") from error
        raise AssertionError("the last try returns or raises")

    async def _answer(self, path: str, content: bytes) -> bytes:
        async with self._client.stream("POST", path, content=content) as response:
            if response.status_code == httpx.codes.UNAUTHORIZED:
                raise ControlFailed("it knows another secret")
            if response.status_code != httpx.codes.OK:
                raise ControlFailed(f"{path} answered {response.status_code}")
            answer = bytearray()
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) > _ANSWER_BYTES_MAX:
                    raise ControlFailed(f"an answer to {path} of more than {_ANSWER_BYTES_MAX} bytes")
            return bytes(answer)
