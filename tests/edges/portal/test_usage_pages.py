"""The pages of usage over the real operations: what is asked for is shown, chosen columns stay, exports are fetched."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape

from commcredits.operations.call_exports import write_exports
from commcredits.operations.usage import PERIOD_DAYS_MAX
from tests.edges.portal.test_report_pages import ODD, Shown, shown
from tests.edges.portal.visitor import HTMX, forms_of, text_of

__all__ = ["shown"]
USAGE = "/reports/usage"
EXPORTS = f"{USAGE}/exports"


def rows_in(page: str) -> list[str]:
    """The text of each row of calls."""
    table = page.partition('aria-labelledby="rows-heading"')[2].partition("<tbody")[2].partition("</tbody>")[0]
    return [text_of(row) for row in table.split("<tr")[1:]]


def headings_in(page: str) -> list[str]:
    table = page.partition('aria-labelledby="rows-heading"')[2].partition("<thead")[2].partition("</thead>")[0]
    return [unescape(text) for text in re.findall(r"<th[^>]*>([^<]*)</th>", table)]


async def test_the_last_seven_days_are_shown_with_a_chart_a_table_and_sums(shown: Shown) -> None:
    page = await shown.page(USAGE)
    assert headings_in(page) == [
        "Time stamp (UTC)",
        "Display name",
        "Call type",
        "Called to",
        "To country",
        "Duration",
        "Capability",
        "Charge",
    ]
    rows = rows_in(page)
    assert len(rows) == 5  # four calls, of which one is two rows
    split = [row for row in rows if "Front desk" in row and "Romania" in row]
    assert ["MCOPSTN5" in row for row in split] == [True, False]
    assert "MCOPSTNPP" in split[1]
    assert page.count('<rect class="series-0"') == 2  # one day with calls, in two drawings
    text = text_of(page)
    assert '<dt>Calls</dt><dd><bdi class="number">4</bdi></dd>' in page
    assert "2026-11-22T12:00:00Z" in text


FILTERS = (
    ("days=28", 5),
    ("days=custom&first=2026-11-22&last=2026-11-22", 5),
    ("days=custom&first=2026-11-01&last=2026-11-21", 0),
    ("user=SALES.1%40example.com", 3),
    ("call_type=conf_out", 1),
    ("country=GB", 2),
    ("capability=MCOPSTN5", 1),
    ("charged=yes&call_type=user_out", 2),
)


async def test_the_filter_shows_what_was_asked_for(shown: Shown) -> None:
    for query, count in FILTERS:
        page = await shown.page(f"{USAGE}?{query}")
        assert len(rows_in(page)) == count
        assert ("No calls in this time" in page) == (count == 0)


WRONG = (
    ("days=custom&first=2026-11-22", "Choose a day."),
    ("days=custom&first=22.11.2026&last=x", "Choose a day."),
    ("days=custom&first=2026-11-22&last=2026-11-21", "The last day is not before the first."),
    ("days=custom&first=2020-01-01&last=2026-11-21", "Choose at most one year."),
    ("user=nobody%40example.com", "Nobody here signs in by this name."),
    ("user=%00%0a", "Nobody here signs in by this name."),
)


async def test_what_cannot_be_shown_is_told_at_its_field_and_the_form_keeps_what_stood_there(shown: Shown) -> None:
    for query, sentence in WRONG:
        page = await shown.page(f"{USAGE}?{query}", status=422)
        assert sentence in unescape(page)
        assert 'aria-invalid="true"' in page


NONSENSE = (
    "days=0&call_type=<script>&country=%F0%9F%92%A9&capability=%27--",
    "column=nothing&column=<b>",
    "days=custom&first=0001-01-01&last=0001-01-02",
    "days=custom&first=9999-12-30&last=9999-12-31",
    f"cursor={'a' * 3_000}",
    "full=yes&full=no&charged=maybe",
    "user=" + "x" * 5_000,
)


async def test_nonsense_in_the_address_is_never_a_fault_of_ours(shown: Shown) -> None:
    for query in NONSENSE:
        answer = await shown.browser.get(shown.at(f"{USAGE}?{query}"))
        assert answer.status_code in {200, 422}
        assert "<script>" not in answer.text.replace("<script src", "")


async def test_chosen_columns_stand_in_the_address_and_are_remembered(shown: Shown) -> None:
    chosen = await shown.page(f"{USAGE}?column=call_id&column=charge&column=conference_id")
    assert headings_in(chosen) == ["Charge", "Call ID", "Conference ID"]
    assert "No data" in " ".join(rows_in(chosen))
    assert ODD in unescape(chosen)
    assert headings_in(await shown.page(USAGE)) == ["Charge", "Call ID", "Conference ID"]
    every = await shown.page(
        f"{USAGE}?" + "&".join(f"column={name}" for name in re.findall(r'name="column" value="(\w+)"', chosen))
    )
    assert len(headings_in(every)) == 19


async def test_long_lists_go_on_where_a_page_ended_with_the_same_question(shown: Shown) -> None:
    for number in range(60):
        await shown.firm.call(f"more-{number}", 10)
    first = await shown.page(f"{USAGE}?call_type=user_out&column=call_id")
    (link,) = re.findall(r'href="([^"]+)">Next page', first)
    assert "call_type=user_out" in link
    assert "column=call_id" in link
    second = (await shown.browser.get(unescape(link))).text
    told = rows_in(first) + rows_in(second)
    assert len(told) == len(set(told)) + 1 == 60 + 4  # the split call is two rows with one Call ID
    assert "First page" in second


async def test_full_screen_leaves_the_menu_out_and_leads_back(shown: Shown) -> None:
    full = await shown.page(f"{USAGE}?full=yes&call_type=user_out")
    assert 'class="single"' in full
    assert 'id="menu"' not in full
    (back,) = re.findall(r'href="([^"]+)"><svg[^>]*>(?:(?!</svg>).)*</svg>Leave full screen', full)
    assert "full" not in back
    assert "call_type=user_out" in back


async def test_an_export_is_asked_for_shown_while_it_is_written_and_fetched(shown: Shown) -> None:
    page = await shown.page(f"{USAGE}?call_type=user_out")
    (form,) = [each for each in forms_of(page) if each.action.endswith(EXPORTS)]
    asked = await shown.browser.post(form.action, data=form.fields)
    assert asked.status_code == 303
    waiting = await shown.page(EXPORTS)
    assert "Waiting" in waiting
    assert "hx-trigger" in waiting
    fragment = await shown.browser.get(shown.at(f"{EXPORTS}/progress"), headers=HTMX)
    assert fragment.text.lstrip().startswith('<section id="exports"')
    assert await write_exports(shown.firm.office.services) == 1
    ready = await shown.page(EXPORTS)
    assert "hx-trigger" not in ready
    (file,) = re.findall(r'href="([^"]+/file)"', ready)
    fetched = await shown.browser.get(file)
    assert fetched.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(fetched.content))
    assert archive.read(archive.namelist()[0]).count(b"\r\n") == 1 + 4
    (removal,) = [each for each in forms_of(ready) if each.action.endswith("/removal")]
    assert (await shown.browser.post(removal.action, data=removal.fields)).status_code == 303
    assert (await shown.browser.get(file)).status_code == 404
    assert "Removed" in await shown.page(EXPORTS)


async def test_too_many_exports_are_told_to_wait_and_no_export_is_had_without_the_forms_token(shown: Shown) -> None:
    page = await shown.page(USAGE)
    (form,) = [each for each in forms_of(page) if each.action.endswith(EXPORTS)]
    statuses = [(await shown.browser.post(form.action, data=form.fields)).status_code for _ in range(4)]
    assert statuses == [303, 303, 303, 503]
    without = {name: value for name, value in form.fields.items() if name != "form_token"}
    assert (await shown.browser.post(form.action, data=without)).status_code == 403


async def test_the_page_is_whole_in_romanian(shown: Shown) -> None:
    page = await shown.page(USAGE, language="ro")
    assert "Marcă temporală (UTC)" in page
    assert "În total" in page
    assert '<dt>Apeluri</dt><dd><bdi class="number">4</bdi></dd>' in page


def test_a_year_is_the_longest_period() -> None:
    assert PERIOD_DAYS_MAX == 366
