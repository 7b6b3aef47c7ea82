"""A dissector by others finds nothing wrong in what the base says: each message of a conversation, in a capture."""

from __future__ import annotations

import asyncio
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from commcredits.edges.diameter.avp_writing import write_group, write_octets, write_utf8
from commcredits.edges.diameter.dictionary import (
    DEVICE_WATCHDOG,
    DISCONNECT_PEER,
    PROXY_HOST,
    PROXY_INFO,
    PROXY_STATE,
    SESSION_ID,
    DisconnectCause,
)
from commcredits.edges.diameter.messages import REQUEST, Message
from tests.edges.diameter.base.harness import (
    CCR,
    CREDIT_CONTROL,
    RAR,
    agreed,
    connected,
    serving,
    unknown_avp,
    until,
)

PORT = 3868
WRONG = '_ws.malformed || (_ws.expert.severity >= "Warning" && _ws.expert.group != "Undecoded")'
"""What is undecoded is what a refusal gives back because nobody knows it."""
_LINK_RAW = 101  # packets that begin with their IP header


def write_capture(path: Path, messages: list[Message]) -> None:
    """A capture of these messages, as if each had come from the Diameter port in one TCP segment."""
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, _LINK_RAW)]
    sequence = 1
    for number, message in enumerate(messages):
        segment = struct.pack(">HHIIBBHHH", PORT, 40_000, sequence, 1, 5 << 4, 0x18, 65_535, 0, 0) + message.octets
        sequence += len(message.octets)
        address = bytes([127, 0, 0, 1])
        packet = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), number, 0, 64, 6, 0) + address * 2 + segment
        records.append(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)
    path.write_bytes(b"".join(records))


async def conversation() -> list[Message]:
    """One of each kind of message that the base sends."""
    said: list[Message] = []
    proxy = write_group(PROXY_INFO, write_utf8(PROXY_HOST, "relay.example"), write_octets(PROXY_STATE, b"\x00st"))
    async with serving() as (server, application):
        async with connected(server) as refused:
            said.append(await refused.agree(applications=[3]))
        async with connected(server) as client:
            said.append(await client.agree())
            client.watchdog()
            said.append(await client.receive())
            client.request(DEVICE_WATCHDOG, client.identity.avps + unknown_avp(mandatory=True))
            said.append(await client.receive())
            client.request(999, write_utf8(SESSION_ID, "s;1") + proxy, application_id=CREDIT_CONTROL)
            said.append(await client.receive())
            client.request(CCR, b"\x00\x00\x01\x07\x40\x00\xff\xff", application_id=CREDIT_CONTROL, flags=REQUEST)
            said.append(await client.receive())
            avps = write_utf8(SESSION_ID, "s;1") + client.identity.avps
            question = application.peers[0].request(RAR, CREDIT_CONTROL, avps)
            said.append(await client.receive())
            client.answer(said[-1])
            assert await question is not None
            async with agreed(server):
                said.append(await client.receive())
                client.answer(said[-1])
            application.peers[0].disconnect(DisconnectCause.BUSY)
            said.append(await client.receive())
            client.leave()
            said.append(await client.receive())
        await until(lambda: server.connection_count == 0)
    assert [message.command_code for message in said[-3:]] == [DEVICE_WATCHDOG, DISCONNECT_PEER, DISCONNECT_PEER]
    return said


def dissect(path: Path, *arguments: str) -> str:
    """What tshark says about a capture."""
    command = ["tshark", "-n", "-r", str(path), "-d", f"tcp.port=={PORT},diameter", "-o", "tcp.check_checksum:FALSE"]
    return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.switch
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_a_dissector_by_others_finds_nothing_wrong(tmp_path: Path) -> None:
    said = asyncio.run(conversation())
    capture = tmp_path / "base.pcap"
    write_capture(capture, said)
    shown = dissect(capture, "-T", "fields", "-e", "diameter.cmd.code", "-e", "diameter.hopbyhopid")
    assert [line.split("\t") for line in shown.splitlines()] == [
        [str(message.command_code), f"0x{message.hop_by_hop:08x}"] for message in said
    ]
    assert dissect(capture, "-Y", WRONG) == ""


@pytest.mark.switch
@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_the_dissector_would_find_what_is_wrong(tmp_path: Path) -> None:
    said = asyncio.run(conversation())
    broken = [Message(0, 0, 0, 0, 0, said[1].octets[:24] + b"\x40\x00\xff\xff" + said[1].octets[28:])]
    capture = tmp_path / "broken.pcap"
    write_capture(capture, broken)
    assert dissect(capture, "-Y", WRONG) != ""
