"""An operator's mappings are kept by name, beside those that come with the product."""

import pytest

from commcredits.core.outcomes import Refused
from commcredits.operations import call_mapping_store
from commcredits.operations.call_mapping_store import (
    NamedMapping,
    find_mapping,
    get_mapping,
    list_mappings,
    remove_mapping,
    save_mapping,
)
from commcredits.operations.call_mappings import SHIPPED, shipped_document, shipped_mapping
from tests.operations.call_files import mapping_of
from tests.operations.office import NOON, Office

DOCUMENT = shipped_document("asterisk_csv").replace(b"asterisk_csv", b"my_switch")


async def saved(office: Office, document: bytes = DOCUMENT, name: str = "my_switch") -> NamedMapping | Refused:
    return await save_mapping(office.services, name=name, document=document)


async def names(office: Office) -> list[str]:
    listed = await list_mappings(office.services)
    assert not isinstance(listed, Refused), listed
    return [each.name for each in listed]


async def test_a_mapping_is_found_by_its_name_once_it_is_saved(office: Office) -> None:
    kept = await saved(office)

    assert isinstance(kept, NamedMapping)
    assert (kept.name, kept.saved_at) == ("my_switch", NOON)
    assert await find_mapping(office.services, name="my_switch") == mapping_of(DOCUMENT)
    assert await get_mapping(office.services, name="my_switch") == kept
    assert await names(office) == [*SHIPPED, "my_switch"]


async def test_what_comes_with_the_product_is_found_and_cannot_be_replaced_or_removed(office: Office) -> None:
    assert await find_mapping(office.services, name="pstn_export") == shipped_mapping("pstn_export")
    shown = await get_mapping(office.services, name="pstn_export")
    assert isinstance(shown, NamedMapping)
    assert shown.saved_at is None
    assert isinstance(await saved(office, shipped_document("pstn_export"), "pstn_export"), Refused)
    assert isinstance(await remove_mapping(office.services, name="pstn_export"), Refused)


async def test_a_mapping_takes_the_place_of_the_one_before(office: Office) -> None:
    await saved(office)
    changed = DOCUMENT.replace(b'"zone": "UTC"', b'"zone": "Europe/Bucharest"')
    await saved(office, changed)
    assert await find_mapping(office.services, name="my_switch") == mapping_of(changed)
    assert await names(office) == [*SHIPPED, "my_switch"]


async def test_a_mapping_that_was_removed_is_unknown(office: Office) -> None:
    kept = await saved(office)
    assert await remove_mapping(office.services, name="my_switch") == kept
    assert isinstance(await find_mapping(office.services, name="my_switch"), Refused)
    assert isinstance(await remove_mapping(office.services, name="my_switch"), Refused)


@pytest.mark.parametrize(
    ("document", "name"), [(DOCUMENT, "another"), (b"{}", "my_switch"), (DOCUMENT.replace(b"src", b""), "my_switch")]
)
async def test_a_mapping_that_says_nothing_sensible_is_not_kept(office: Office, document: bytes, name: str) -> None:
    assert isinstance(await saved(office, document, name), Refused)
    assert await names(office) == list(SHIPPED)


@pytest.mark.parametrize("name", ["", "nobody", "a\x00b", "x" * 1_000_000, "\ud800"])
async def test_a_name_of_nothing_is_unknown(office: Office, name: str) -> None:
    assert isinstance(await find_mapping(office.services, name=name), Refused)


async def test_there_are_as_many_as_fit_a_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_mapping_store, "MAPPINGS_MAX", 1)
    await saved(office)
    assert isinstance(await saved(office, DOCUMENT.replace(b"my_switch", b"other"), "other"), Refused)
    assert isinstance(await saved(office), NamedMapping)
