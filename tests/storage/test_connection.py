"""Connections agree on their settings, and a connection that fails says which server it was meant for."""

import socket

import pytest

from commcredits.storage.connection import DatabaseUnreachableError, connect, load_statement, open_pool
from commcredits.storage.embedded import EmbeddedServer


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_connections_of_a_pool_say_who_they_are_and_speak_utc(empty_database_url: str) -> None:
    query = "select current_setting('timezone'), current_setting('application_name'), current_setting('work_mem')"
    async with await open_pool(
        empty_database_url, min_size=1, max_size=2, application_name="charging", settings={"work_mem": "5MB"}
    ) as pool:
        assert tuple(await pool.fetchrow(query) or ()) == ("UTC", "charging", "5MB")
        assert (pool.get_min_size(), pool.get_max_size()) == (1, 2)


async def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    port = unused_port()
    with pytest.raises(DatabaseUnreachableError, match=f"the database credits on 127.0.0.1:{port}: ") as caught:
        await connect(f"postgresql://operator:s3cret@127.0.0.1:{port}/credits")
    assert "s3cret" not in str(caught.value)

    with pytest.raises(DatabaseUnreachableError, match="the database credits on /nowhere: ") as caught:
        _ = await open_pool(
            "postgresql://operator@/credits?host=/nowhere&password=s3cret",
            min_size=1,
            max_size=1,
            application_name="test",
        )
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://127.0.0.1/credits", "postgresql://[half/credits"])
async def test_an_address_that_makes_no_sense_is_refused_as_such(url: str) -> None:
    with pytest.raises(DatabaseUnreachableError, match="check COMMCREDITS_DATABASE_URL"):
        await connect(url)


async def test_a_database_that_does_not_exist_is_named(embedded_server: EmbeddedServer) -> None:
    with pytest.raises(DatabaseUnreachableError, match='database "absent" does not exist'):
        await connect(embedded_server.url_of("absent"))


def test_a_named_statement_is_read_from_its_file() -> None:
    assert "select" in load_statement("load_accounts").lower()
