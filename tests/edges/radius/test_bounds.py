"""Everything that outsiders can fill is bounded: changes under way, repetitions, complaints, calls, tasks."""

import asyncio

from structlog.testing import capture_logs

from commcredits.edges.radius.attributes import Code
from commcredits.edges.radius.calls import CALLS_MAX, Call, Calls
from commcredits.edges.radius.changing import Changing
from commcredits.edges.radius.clients import Clients
from commcredits.edges.radius.grumbling import COMPLAINTS_MAX, QUIET_SECONDS, Grumbling
from commcredits.edges.radius.repeats import Repeats
from commcredits.edges.radius.tasks import Tasks
from commcredits.edges.radius.tokens import Token
from tests.edges.radius.world import World, settings_for


async def test_changes_to_one_access_server_are_bounded(world: World) -> None:
    client = Clients(settings_for(world.access)).find("127.0.0.1")
    assert client is not None
    world.access.ear.answers = [None] * 1_000
    changing = Changing(Grumbling(lambda: 1.0), world.office.clock, try_seconds=(0.3,))
    with capture_logs() as logs:
        requests = [changing.request(Code.DISCONNECT_REQUEST, client, "127.0.0.1", ()) for _ in range(300)]
        changes = await asyncio.gather(*requests)
    changing.close()
    await asyncio.sleep(0)
    assert {change.taken for change in changes} == {None}
    assert [each["event"] for each in logs] == ["too many changes wait for this access server"]


def test_repeats_are_bounded_in_number_and_in_time() -> None:
    now = [0.0]
    repeats = Repeats(lambda: now[0], count_max=10, seconds=30)
    for port in range(1_000):
        assert repeats.is_new(("192.0.2.7", port, 1), bytes(16))
    assert len(repeats) <= 10
    key = ("192.0.2.7", 999, 1)
    assert not repeats.is_new(key, bytes(16))
    repeats.remember(key, bytes(16), b"answer")
    assert repeats.answer(key, bytes(16)) == b"answer"
    assert repeats.is_new(key, b"another-request!"), "another authenticator is another request"
    assert repeats.answer(key, b"another-request!") is None
    repeats.remember(key, bytes(16), b"too late")
    assert repeats.answer(key, b"another-request!") is None
    now[0] = 31
    assert repeats.is_new(key, b"another-request!"), "an old one is new again"


def test_complaints_are_bounded() -> None:
    now = [1.0]
    grumbling = Grumbling(lambda: now[0])
    with capture_logs() as logs:
        for _ in range(5):
            grumbling.complain("wrong secret", "gateway")
        now[0] += QUIET_SECONDS
        grumbling.complain("wrong secret", "gateway")
        for each in range(COMPLAINTS_MAX):
            grumbling.complain("wrong secret", f"gateway-{each}")
    assert [each.get("also") for each in logs[:2]] == [None, 4]


def test_calls_are_bounded() -> None:
    client = Clients(settings_for(None)).find("127.0.0.1")
    assert client is not None
    calls = Calls(calls_max=10)
    for each in range(100):
        own_id = str(each).encode()
        calls.add(
            Call(
                token=Token(organization_id="", session_id=str(each)),
                client=client,
                switch="radius:gateway",
                host="127.0.0.1",
                names=(),
                acct_session_id=own_id,
                asked_at=0,
            )
        )
    assert len(calls) == 10
    assert calls.find("0") is None
    assert calls.find_own("radius:gateway", b"0") is None
    assert calls.find_own("radius:gateway", b"99") is calls.find("99")
    assert CALLS_MAX <= 100_000


async def test_tasks_are_bounded_and_a_bug_in_one_is_told() -> None:
    tasks = Tasks(tasks_max=1)
    hidden = "nobody may see this"

    async def fails() -> None:
        raise ValueError(hidden)

    with capture_logs() as logs:
        assert tasks.spawn(fails(), name="one")
        assert not tasks.spawn(fails(), name="two")
        await asyncio.sleep(0.01)
    await tasks.aclose()
    assert [(each["event"], each["task"], each["error"]) for each in logs] == [
        ("a task of the RADIUS edge failed", "one", "ValueError")
    ]
    assert hidden not in str(logs)
