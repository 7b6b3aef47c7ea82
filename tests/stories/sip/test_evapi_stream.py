"""The stream that Kamailio reads: whatever pieces it arrives in, every message is heard, and one after the other."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from commcredits.edges.switches.kamailio.framing import FRAME_BYTES_MAX, NetstringReader
from tests.edges.switches.kamailio.evapi_peer import netstring
from tests.stories.sip.evapi_stand_in import stranger
from tests.stories.sip.evapi_switch import EvapiSettings, EvapiSwitch
from tests.stories.sip.handset import PATIENCE_SECONDS
from tests.stories.sip.ports import free_ports
from tests.stories.sip.story import missing_programs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvapiSettings]:
    """Those of a switch that runs."""
    sip_port, callee_port, link_port = free_ports(3)
    chosen = EvapiSettings(sip_port=sip_port, next_hop_port=callee_port, link_port=link_port)
    with EvapiSwitch(chosen, tmp_path_factory.mktemp("switch")):
        yield chosen


@pytest.fixture
def link(settings: EvapiSettings) -> Iterator[socket.socket]:
    with stranger(settings, {"do": "hello", "secret": settings.link_secret}) as connected:
        connected.settimeout(PATIENCE_SECONDS)
        yield connected


def _pongs(link: socket.socket, stream: bytes, count: int) -> int:
    """How many messages come back, once there are so many or after a silence (TimeoutError)."""
    sending = threading.Thread(target=link.sendall, args=(stream,))
    sending.start()
    reader, heard = NetstringReader(), 0
    while heard < count:
        heard += len(reader.feed(link.recv(65_536)))
    sending.join()
    return heard


def test_no_message_is_lost_wherever_the_stream_is_cut(link: socket.socket) -> None:
    """Reads of Kamailio end inside messages and inside lengths: none of these is filled up to any size."""
    count, every = 20_000, 40
    told = [{"do": "told" if number % every else "ping", "report": "x" * (number % 181)} for number in range(count)]
    stream = b"".join(netstring(json.dumps(each).encode()) for each in told)
    assert _pongs(link, stream, count // every) == count // every


def test_a_message_may_arrive_in_two_pieces_of_any_size(link: socket.socket) -> None:
    ping = netstring(b'{"do": "ping", "report": "' + b"x" * 100 + b'"}')
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for size in range(1, 20):
        link.sendall(ping + ping[:size])
        time.sleep(0.01)  # so that each piece is a read of its own, mostly
        assert _pongs(link, ping[size:], 2) == 2


def test_the_longest_message_is_heard_and_one_that_is_longer_is_left_out(link: socket.socket) -> None:
    longest = b'{"do": "ping", "report": "%b"}' % (b"x" * (FRAME_BYTES_MAX - 28))
    assert _pongs(link, netstring(longest) * 10, 10) == 10
    link.settimeout(0.5)
    with pytest.raises(TimeoutError):
        _pongs(link, netstring(longest + b" "), 1)
    assert _pongs(link, netstring(b'{"do": "ping"}'), 1) == 1
