"""The hosted pages in a real browser: they can be read, reached and used by everybody, under their strict policy."""

import shutil
from collections.abc import Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # the package ships no types
from playwright.sync_api import Browser, Page, sync_playwright

from tests.gateways.simulator_process import NO_TRUST, SimulatorProcess

pytestmark = pytest.mark.browser

WIDTHS = (320, 1280)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("Debian's package `chromium` is not installed")
    with sync_playwright() as playwright:
        # As root, which continuous integration is, Chromium can't build its own sandbox.
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


@pytest.fixture
def http(simulator: SimulatorProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator.base_url, trust_env=False, verify=NO_TRUST) as http:
        yield http


def _post(http: httpx.Client, path: str, key: str, **body: object) -> dict[str, str]:
    answer = http.post(path, json=body, headers={"idempotency-key": key}).raise_for_status()
    return {name: str(value) for name, value in answer.json().items()}


def _ask(http: httpx.Client, key: str) -> str:
    customer = _post(http, "/customers", key, name="Ana")["reference"]
    method = _post(http, "/payment-methods", key, customer=customer, card="sim_authenticate")["reference"]
    charge = _post(
        http,
        "/charges",
        key,
        amount_minor=1_234_567_89,
        currency="RON",
        payment_method=method,
        off_session=False,
        description="Credite de comunicații pentru Spitalul Județean de Urgență Târgu Mureș, " + "x" * 60,
        return_url=f"{http.base_url}/health",
    )
    return charge["action_url"]


def _check(page: Page) -> None:
    """Nothing overflows at any width, and the accessibility rules find nothing."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert Axe().run(page).violations_count == 0


@pytest.mark.parametrize(("language", "button", "result"), [
    ("en", "Approve", "The payment was approved."),
    ("ro", "Aprobați", "Plata a fost aprobată."),
])  # fmt: skip
def test_a_payer_approves_a_charge(
    page: Page, http: httpx.Client, key: str, language: str, button: str, result: str
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{_ask(http, key)}?lang={language}")
    _check(page)
    page.get_by_role("button", name=button).click()
    page.get_by_text(result).wait_for()
    _check(page)
    assert complaints == []
    page.get_by_role("main").get_by_role("link").click()
    page.wait_for_url("**/health")


def test_a_customer_adds_a_card_with_the_keyboard_alone(page: Page, http: httpx.Client, key: str) -> None:
    customer = _post(http, "/customers", key, name="Ana")["reference"]
    setup = _post(http, "/setups", key, customer=customer, return_url=f"{http.base_url}/health")
    page.goto(f"{setup['hosted_url']}?lang=ro")
    _check(page)
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("Cardul a fost adăugat.").wait_for()
    _check(page)
    stored = http.get("/payment-methods", params={"customer": customer}).json()["items"]
    assert [method["card"] for method in stored] == ["sim_ok_second"]
