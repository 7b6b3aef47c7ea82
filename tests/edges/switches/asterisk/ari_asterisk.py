"""A stand-in for Asterisk with its REST interface: channels, bridges, one Stasis application, and events about them.

Knows what Asterisk 22's sources and documentation say of statuses, of the order of events, and of what is lost while no
websocket is open. Refuses to know media. What it was made from: rest-api/api-docs, res/ari, res/res_stasis.c.
"""

import asyncio
import base64
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from tests.edges.switches.asterisk.ari_wire import Answer, Request, WireServer, WireWebsocket

USER: Final = "commcredits"
PASSWORD: Final = "a-password-of-tests"
APPLICATION: Final = "commcredits"
LIMIT: Final = "TIMEOUT(absolute)"
CAUSES: Final = {
    0: "Unknown",
    16: "Normal Clearing",
    17: "User busy",
    19: "User alerting, no answer",
    21: "Call Rejected",
}
NOT_FOUND: Final = (404, {"message": "Channel not found"})
NOT_IN_STASIS: Final = (409, {"message": "Channel not in Stasis application"})
DONE: Final = (204, None)


@dataclass(kw_only=True)
class FakeChannel:
    """A channel. ``subscriptions``: why the application hears of it; the last one gone, it hears nothing more."""

    id: str
    state: str
    endpoint: str = ""
    arguments: tuple[str, ...] = ()
    in_stasis: bool = False
    subscriptions: int = 0
    variables: dict[str, str] = field(default_factory=dict)
    limit: asyncio.TimerHandle | None = None


class FakeAsterisk:
    """The server. ``clock`` stamps its events; ``limits`` says whether its own timers hang channels up."""

    def __init__(self, *, clock: Callable[[], datetime] | None = None, limits: bool = True) -> None:
        self._clock = clock or (lambda: datetime.now(UTC))
        self._limits = limits
        self._wire = WireServer(self._handle, self._opened, self._closed, self._may)
        self._websocket: WireWebsocket | None = None
        self._registered = False
        self._serial = 0
        self._stamp: datetime | None = None
        self.channels: dict[str, FakeChannel] = {}
        self.bridges: dict[str, list[str]] = {}
        self.causes: dict[str, int] = {}
        """Why each channel ended."""
        self.answered_at: dict[str, datetime] = {}
        """When each channel was answered, and when it was over, by its own clock."""
        self.over_at: dict[str, datetime] = {}
        self.limits_set: Counter[str] = Counter()
        """How often each channel's own timer was set, and whom it has hung up."""
        self.timed_out: set[str] = set()
        self.strangers = 0
        """How many requests had the wrong user or password."""
        self.continued: dict[str, str] = {}
        """Where each channel went on in the dial plan."""
        self.last_variables: dict[str, dict[str, str]] = {}
        self.dialled: list[str] = []
        self.unreachable: set[str] = set()
        self.shows_variables = True
        self.mute = False
        """No event is sent, as where a websocket loses them."""
        self.on_dial: Callable[[FakeChannel], None] | None = None
        self.requests: list[tuple[str, str]] = []

    # ---- its life --------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where its HTTP server is."""
        return f"http://127.0.0.1:{self._wire.port}"

    @property
    def has_client(self) -> bool:
        """Whether a websocket is open."""
        return self._websocket is not None

    async def start(self) -> None:
        """Listen."""
        await self._wire.start()

    async def stop(self) -> None:
        """Be gone, with every call."""
        for channel in self.channels.values():
            self.over_at[channel.id] = self._clock()
            if channel.limit is not None:
                channel.limit.cancel()
        self.channels.clear()
        self.bridges.clear()
        self._websocket, self._registered = None, False
        await self._wire.stop()

    def break_off(self) -> None:
        """Reset the websocket; calls go on."""
        if self._websocket is not None:
            self._websocket.break_off()
            self._websocket = None

    def go_deaf(self) -> None:
        """The websocket stands, and nothing passes it any more."""
        assert self._websocket is not None
        self._websocket.deaf = True
        self._websocket = None

    def fall_silent(self, *, silent: bool) -> None:
        """Take requests and answer none."""
        self._wire.silent = silent

    # ---- what its dial plan and its telephones do ------------------------------------------------------------------

    def call(self, *arguments: str, unique_id: str = "") -> FakeChannel | None:
        """A caller reaches ``Stasis(application, arguments)``; None where it fails, for nobody is connected."""
        self._serial += 1
        channel = FakeChannel(id=unique_id or f"1700000000.{self._serial}", state="Ring", arguments=arguments)
        if self._websocket is None:
            return None
        self.channels[channel.id] = channel
        self._enter(channel)
        return channel

    def ring(self, channel_id: str) -> None:
        """180 of the called side."""
        self._change(self.channels[channel_id], "Ringing")

    def answer(self, channel_id: str) -> None:
        """200 of the called side; the bridge answers the caller by itself."""
        self._change(self.channels[channel_id], "Up")

    def hang_up(self, channel_id: str, cause: int = 16, *, at: datetime | None = None) -> None:
        """A channel ends, at this instant or now: in this order, and what the application hears of it."""
        channel = self.channels.get(channel_id)
        if channel is None:
            return
        self.over_at[channel_id] = self._stamp = at or self._clock()
        if channel.limit is not None:
            channel.limit.cancel()
        self._send("ChannelHangupRequest", channel, cause=cause)
        self._leave_bridge(channel)
        if channel.in_stasis:
            channel.in_stasis = False
            self._send("StasisEnd", channel)
            channel.subscriptions -= 1
        self._send("ChannelDestroyed", channel, cause=cause, cause_txt=CAUSES.get(cause, "Unknown"))
        self._stamp = None
        del self.channels[channel_id]
        self.causes[channel_id] = cause
        self.last_variables[channel_id] = channel.variables

    def send_text(self, text: bytes) -> None:
        """Send whatever to the client."""
        assert self._websocket is not None
        self._websocket.send_text(text)

    def send_again(self, kind: str, channel_id: str) -> None:
        """An event about a channel that may be gone."""
        channel = self.channels.get(channel_id) or FakeChannel(id=channel_id, state="Up")
        channel.subscriptions += 1
        self._send(kind, channel, cause=16)
        channel.subscriptions -= 1

    # ---- events ----------------------------------------------------------------------------------------------------

    def _enter(self, channel: FakeChannel) -> None:
        channel.in_stasis = True
        channel.subscriptions += 1
        self._send("StasisStart", channel, args=list(channel.arguments))

    def _change(self, channel: FakeChannel, state: str) -> None:
        if channel.state == state:
            return
        channel.state = state
        self._stamp = self._clock()
        if state == "Up":
            self.answered_at[channel.id] = self._stamp
        self._send("ChannelStateChange", channel)
        self._stamp = None
        if state == "Up":
            for members in self.bridges.values():
                if channel.id in members:
                    for other in members:
                        self._change(self.channels[other], "Up")

    def _leave_bridge(self, channel: FakeChannel) -> None:
        for bridge_id, members in self.bridges.items():
            if channel.id in members:
                members.remove(channel.id)
                self._send("ChannelLeftBridge", channel, bridge=self._bridge(bridge_id))

    def _send(self, kind: str, channel: FakeChannel, **fields: object) -> None:
        if self._websocket is None or self.mute or channel.subscriptions <= 0:
            return
        stamp = (self._stamp or self._clock()).astimezone(UTC)
        self._websocket.send(
            {
                "type": kind,
                "timestamp": stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1_000:03d}+0000",
                **fields,
                "channel": self._show(channel),
                "asterisk_id": "00:00:5e:00:53:01",
                "application": APPLICATION,
            }
        )

    def _show(self, channel: FakeChannel) -> dict[str, Any]:
        stasis = ",".join((APPLICATION, *channel.arguments))
        shown: dict[str, Any] = {
            "id": channel.id,
            "name": f"PJSIP/trunk-{abs(hash(channel.id)) % 10**8:08x}",
            "state": channel.state,
            "protocol_id": "",
            "caller": {"name": "", "number": ""},
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {"context": "outgoing", "exten": "s", "priority": 3, "app_name": "Stasis", "app_data": stasis},
            "creationtime": "2026-11-22T12:00:00.000+0000",
            "language": "en",
        }
        if self.shows_variables:
            shown["channelvars"] = {"COMMCREDITS_CALL": channel.variables.get("COMMCREDITS_CALL", "")}
        return shown

    def _bridge(self, bridge_id: str) -> dict[str, Any]:
        return {
            "id": bridge_id,
            "technology": "simple_bridge",
            "bridge_type": "mixing",
            "bridge_class": "stasis",
            "creator": "Stasis",
            "name": bridge_id,
            "channels": self.bridges.get(bridge_id, []),
        }

    # ---- the wire --------------------------------------------------------------------------------------------------

    def _may(self, request: Request) -> bool:
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        may = request.headers.get("authorization") == f"Basic {wanted}"
        self.strangers += not may
        return may

    def _opened(self, request: Request, websocket: WireWebsocket) -> None:
        assert parse_qs(urlsplit(request.target).query)["app"] == [APPLICATION]
        if self._websocket is not None:
            self._websocket.send({"type": "ApplicationReplaced", "application": APPLICATION})
        self._websocket, self._registered = websocket, True

    def _closed(self, websocket: WireWebsocket) -> None:
        if self._websocket is websocket:
            self._websocket = None

    def _handle(self, request: Request) -> Answer:
        split = urlsplit(request.target)
        self.requests.append((request.method, split.path))
        said = {name: values[0] for name, values in parse_qs(split.query).items()} | dict(request.body)
        match (request.method, *[unquote(part) for part in split.path.split("/")[2:]]):
            case ("GET", "channels"):
                return 200, [self._show(channel) for channel in self.channels.values()]
            case ("GET", "bridges"):
                return 200, [self._bridge(bridge_id) for bridge_id in self.bridges]
            case ("GET", "applications", name):
                return self._application(name)
            case ("POST", "channels", "create"):
                return self._create(said)
            case ("POST", "bridges"):
                return self._make_bridge(str(said["bridgeId"]))
            case ("DELETE", "bridges", bridge_id):
                return self._drop_bridge(bridge_id)
            case ("POST", "bridges", bridge_id, "addChannel"):
                return self._join(bridge_id, str(said["channel"]).split(","))
            case (method, "channels", channel_id, *rest):
                return self._handle_channel(method, channel_id, rest, said)
            case _:
                return 404, {"message": "Resource not found"}

    def _handle_channel(self, method: str, channel_id: str, rest: list[str], said: Mapping[str, Any]) -> Answer:
        channel = self.channels.get(channel_id)
        if channel is None:
            return NOT_FOUND
        if (method, rest) == ("DELETE", []):
            # Asterisk has it done by the channel's own thread: events come after the answer.
            asyncio.get_running_loop().call_soon(self.hang_up, channel_id, int(said.get("reason_code", 16)))
            return DONE
        match (method, *rest):
            case ("GET", "variable"):
                value = channel.variables.get(str(said["variable"]))
                return (
                    (404, {"message": "Provided variable was not found"}) if value is None else (200, {"value": value})
                )
            case ("POST", "variable"):
                self._set_variable(channel, str(said["variable"]), str(said["value"]))
                return DONE
            case _ if not channel.in_stasis:
                return NOT_IN_STASIS
            case ("POST", "answer"):
                self._change(channel, "Up")
                return DONE
            case ("POST", "dial"):
                return self._dial(channel)
            case ("POST", "continue"):
                self.continued[channel.id] = str(said["context"])
                channel.in_stasis = False
                self._send("StasisEnd", channel)
                channel.subscriptions -= 1
                return DONE
            case _:
                return 404, {"message": "Resource not found"}

    def _application(self, name: str) -> Answer:
        if name != APPLICATION or not self._registered:
            return 404, {"message": "Application not found"}
        followed = [channel.id for channel in self.channels.values() if channel.subscriptions > 0]
        return 200, {"name": name, "channel_ids": followed, "bridge_ids": [*self.bridges], "endpoint_ids": []}

    def _create(self, said: Mapping[str, Any]) -> Answer:
        endpoint, channel_id = str(said["endpoint"]), str(said["channelId"])
        if not endpoint.partition("/")[2]:
            return 400, {"message": "Invalid endpoint specified"}
        if channel_id in self.channels:
            return 409, {"message": "Channel with given unique ID already exists"}
        if endpoint in self.unreachable:
            return 500, {"error": "Allocation failed"}
        arguments = tuple(str(said["appArgs"]).split(","))
        channel = FakeChannel(id=channel_id, state="Down", endpoint=endpoint, arguments=arguments, subscriptions=1)
        self.channels[channel_id] = channel
        asyncio.get_running_loop().call_soon(self._enter, channel)
        return 200, self._show(channel)

    def _dial(self, channel: FakeChannel) -> Answer:
        if channel.state != "Down":
            return 409, {"message": "Channel is not in the 'Down' state"}
        if not channel.endpoint:
            return 409, {"message": "Dialing a channel not created by ARI"}
        self.dialled.append(channel.endpoint)
        if self.on_dial is not None:
            asyncio.get_running_loop().call_soon(self.on_dial, channel)
        return DONE

    def _set_variable(self, channel: FakeChannel, name: str, value: str) -> None:
        channel.variables[name] = value
        self._send("ChannelVarset", channel, variable=name, value=value)
        if name == LIMIT:
            self.limits_set[channel.id] += 1
        if name == LIMIT and self._limits:
            if channel.limit is not None:
                channel.limit.cancel()
            channel.limit = asyncio.get_running_loop().call_later(float(value), self._time_out, channel.id)

    def _time_out(self, channel_id: str) -> None:
        self.timed_out.add(channel_id)
        self.hang_up(channel_id)

    def _make_bridge(self, bridge_id: str) -> Answer:
        if bridge_id in self.bridges:
            return 409, {"message": f"Bridge with id '{bridge_id}' already exists"}
        self.bridges[bridge_id] = []
        return 200, self._bridge(bridge_id)

    def _drop_bridge(self, bridge_id: str) -> Answer:
        if self.bridges.pop(bridge_id, None) is None:
            return 404, {"message": "Bridge not found"}
        return DONE

    def _join(self, bridge_id: str, channel_ids: list[str]) -> Answer:
        if bridge_id not in self.bridges:
            return 404, {"message": "Bridge not found"}
        for channel_id in channel_ids:
            if channel_id not in self.channels:
                return 400, {"message": "Channel not found"}
            if not self.channels[channel_id].in_stasis:
                return NOT_IN_STASIS
        for channel_id in channel_ids:
            self.bridges[bridge_id].append(channel_id)
            self._send("ChannelEnteredBridge", self.channels[channel_id], bridge=self._bridge(bridge_id))
        return DONE
