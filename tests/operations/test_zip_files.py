"""The one file of a ZIP that is wanted is read as it is; an archive made to do harm is refused before it does."""

import io
import struct
import zipfile

import pytest

from commcredits.operations import zip_files
from commcredits.operations.zip_files import UnreadableFileError, unpacked
from tests.operations.call_files import file_of, imported, line, zip_of
from tests.operations.office import Office

TEXT = b"record_id,callee\n" * 10_000


async def read(content: bytes, member: str = "*.csv", size: int = 1 << 16) -> bytes:
    """What stands in a file, or in the file of a ZIP."""
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    async with unpacked(pieces, member) as unpacked_pieces:
        return b"".join([piece async for piece in unpacked_pieces])


async def refused(content: bytes, member: str = "*.csv") -> str:
    """What the refusal of an archive says is allowed."""
    with pytest.raises(UnreadableFileError) as error:
        await read(content, member)
    assert error.value.refused.facts["field"] == "file"
    return str(error.value.refused.facts["allowed"])


@pytest.mark.parametrize("size", [1, 3, 1 << 16])
async def test_a_file_that_is_no_zip_comes_as_it_is(size: int) -> None:
    assert await read(TEXT[:1_000], size=size) == TEXT[:1_000]
    assert await read(b"", size=size) == b""
    assert await read(b"PK", size=size) == b"PK"


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
async def test_the_file_that_fits_is_unpacked(compression: int) -> None:
    members = {
        "export/PSTN.calls.2026-11-22.csv": TEXT,
        "DirectRouting.calls.2026-11-22.csv": b"other",
        "parameters.json": b"{}",
    }
    assert await read(zip_of(members, compression), "PSTN.calls.*.csv") == TEXT
    assert await read(zip_of({"PSTN.CALLS.2026-11-22.CSV": TEXT}), "PSTN.calls.*.csv") == TEXT


async def test_a_large_archive_is_kept_outside_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_files, "_MEMORY_BYTES_MAX", 1_000)
    assert await read(zip_of({"calls.csv": TEXT}, zipfile.ZIP_STORED)) == TEXT


async def test_an_archive_without_exactly_one_such_file_is_refused() -> None:
    assert "one file named" in await refused(zip_of({}))
    assert "one file named" in await refused(zip_of({"parameters.json": b"{}"}))
    assert "one file named" in await refused(zip_of({"a.csv": TEXT, "b.csv": TEXT}))
    assert "one file named" in await refused(zip_of({"calls.csv/": b""}))


async def test_a_bomb_is_refused_long_before_it_has_unpacked() -> None:
    bomb = zip_of({"calls.csv": b"0" * 50_000_000})
    assert len(bomb) < 100_000
    assert "unpacks to at most" in await refused(bomb)


async def test_an_archive_that_lies_about_its_sizes_is_refused() -> None:
    bomb = bytearray(zip_of({"calls.csv": b"0" * 50_000_000}))
    directory = bomb.rindex(b"PK\x01\x02")
    # The size to which it claims to unpack.
    bomb[directory + 24 : directory + 28] = struct.pack("<I", 100)
    await refused(bytes(bomb))


async def test_an_archive_of_very_many_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_files, "MEMBERS_MAX", 3)
    assert "at most 3 files" in await refused(zip_of({f"{number}.json": b"" for number in range(4)}))


async def test_an_archive_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_files, "ZIP_BYTES_MAX", 1_000)
    assert "at most 1000 bytes" in await refused(zip_of({"calls.csv": TEXT}, zipfile.ZIP_STORED))


async def test_encrypted_files_and_strange_methods_are_refused() -> None:
    encrypted = bytearray(zip_of({"calls.csv": TEXT}))
    encrypted[encrypted.rindex(b"PK\x01\x02") + 8] |= 1
    await refused(bytes(encrypted))
    await refused(zip_of({"calls.csv": TEXT}, zipfile.ZIP_BZIP2))


@pytest.mark.parametrize("cut", [4, 30, 200, -1, -30])
async def test_a_damaged_archive_is_refused(cut: int) -> None:
    await refused(zip_of({"calls.csv": TEXT})[:cut])


async def test_an_archive_whose_content_was_changed_is_refused() -> None:
    spoiled = bytearray(zip_of({"calls.csv": TEXT}, zipfile.ZIP_STORED))
    spoiled[1_000] ^= 1
    await refused(bytes(spoiled))


async def test_a_zip_of_call_records_is_imported_like_the_file_in_it(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)
    file = file_of(line("r-1"), line("r-2"))

    report = await imported(office, organization, zip_of({"calls.csv": file, "parameters.json": b"{}"}))

    assert (report.accepted, report.refused) == (2, None)


async def test_an_import_of_a_damaged_zip_keeps_what_could_be_read_and_says_why_it_stopped(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("calls.csv", file_of(*(line(f"r-{number}") for number in range(2_000))))
    spoiled = bytearray(packed.getvalue())
    spoiled[-2_000] ^= 1

    report = await imported(office, organization, bytes(spoiled))

    assert report.refused is not None
    assert report.refused.facts["field"] == "file"
    assert 0 < report.accepted < 2_000
