"""Two browsers in a call while processes are killed under them, and their phones after Asterisk itself was."""

import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.faults.house import House, patience, tell, until

pytestmark = [pytest.mark.fault, pytest.mark.browser, pytest.mark.timeout(240)]

WATCH_PEERS = """
  const Real = window.RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Real { constructor(...a) { super(...a); window.__peers.push(this); } };
"""
ENERGY = """async () => {
  let energy = 0;
  for (const peer of window.__peers) {
    if (peer.connectionState === 'closed') continue;
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type === 'inbound-rtp' && stat.kind === 'audio') energy += stat.totalAudioEnergy ?? 0;
    }
  }
  return energy;
}"""


class BrowserPhone:
    """The softphone of an extension in a browser profile of its own."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page

    async def is_registered(self) -> None:
        state = self.page.get_by_test_id("phone-registration")
        await expect(state).to_have_attribute("data-state", "registered", timeout=patience(15) * 1000)

    async def dial(self, number: str) -> None:
        await self.page.get_by_test_id("phone-number").get_by_role("textbox").fill(number)
        await self.page.get_by_test_id("phone-call").click()

    async def answer(self) -> None:
        await self.page.get_by_test_id("phone-answer").click(timeout=patience(10) * 1000)

    async def hang_up(self) -> None:
        await self.page.get_by_test_id("phone-hangup").click()

    async def hears(self) -> None:
        """Wait until sound with energy arrives that was not there before: fake microphones beep."""
        before: float = await self.page.evaluate(ENERGY)

        async def has_grown() -> bool:
            now: float = await self.page.evaluate(ENERGY)
            return now > before + 1e-4

        await until(has_grown, "sound", patience(10))


class Browsers:
    """Open browser phones; each page's errors are kept."""

    def __init__(self, house: House, chromium: Browser) -> None:
        self._house = house
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []

    async def phone(self, extension: str) -> BrowserPhone:
        """Sign in and become the phone of ``extension``."""
        house = self._house
        context = await self._chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
        self._contexts.append(context)
        await context.grant_permissions(["microphone", "notifications"])
        await context.add_init_script(WATCH_PEERS)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        cookie = next(cookie for cookie in house.client.cookies.jar if cookie.name == "sb_session")
        assert cookie.value is not None
        await context.add_cookies([{"name": "sb_session", "value": cookie.value, "url": house.platform.console}])
        page = await context.new_page()
        await page.goto(house.platform.console)
        await page.get_by_test_id("phone-open").click()
        await page.get_by_role("searchbox", name="Search number or name").last.fill(extension)
        await page.get_by_test_id(f"choose-{extension}").click()
        phone = BrowserPhone(context, page)
        await phone.is_registered()
        return phone

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()


@pytest.fixture
async def browsers(house: House) -> AsyncIterator[Browsers]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        browsers = Browsers(house, chromium)
        yield browsers
        await browsers.close()
        await chromium.close()
    assert not browsers.faults


async def test_browsers_talk_on_while_processes_are_killed(house: House, browsers: Browsers) -> None:
    alice, bob = await browsers.phone("100"), await browsers.phone("101")
    await alice.dial("101")
    await bob.answer()
    await alice.hears()
    await bob.hears()
    answered = time.time()
    for name in ("exchange", "web", "worker"):
        before = await house.pid(name)
        await house.kill(name)
        await alice.hears()
        await bob.hears()
        await until(lambda name=name, before=before: house.is_back(name, before), name, patience(10))  # type: ignore[misc]
        await alice.hears()
        await bob.hears()
    await expect(alice.page.get_by_test_id("link-state")).to_have_attribute("data-state", "live", timeout=30_000)
    tile = alice.page.get_by_role("button", name="101").filter(has_text="Bob").first
    await expect(tile).to_contain_text("In call", timeout=patience(5) * 1000)
    await bob.hang_up()
    await expect(alice.page.get_by_test_id("phone-active-call")).to_be_hidden()
    talked_s = time.time() - answered
    (record,) = await house.records(1)
    assert record["disposition"] == "answered"
    assert abs(record["talk_s"] - talked_s) < patience(2)


async def test_a_browser_is_reachable_after_asterisk_was_killed(house: House, browsers: Browsers) -> None:
    bob, alice = await browsers.phone("101"), await browsers.phone("100")
    eva = await house.phone("104")
    await house.are_kept(eva)
    await alice.dial("101")
    await bob.answer()
    await bob.hears()

    killed = await house.kill("asterisk")

    async def rings() -> bool:
        return await bob.page.get_by_test_id("phone-answer").is_visible()

    async def is_reached() -> bool:
        """Call until it rings: 480 while no contact is there."""
        call = await eva.call("101")
        await call.until(lambda: 180 in call.statuses or bool(call.ended_by), "an answer", patience(5))
        return not call.ended_by

    await until(is_reached, "the browser's phone", patience(15))
    reachable_s = time.time() - killed
    tell("kill asterisk under a browser phone", reachable_s=round(reachable_s, 2))
    await until(rings, "the ringing on the page", patience(5))
    assert reachable_s < patience(5.0)
    await bob.answer()
    call = next(call for call in eva.calls.values() if not call.ended_by)
    await call.answered(patience(5))
    await bob.hears()
    await call.hang_up()
    await expect(bob.page.get_by_test_id("phone-answer")).to_be_hidden()
    refused = len(eva.calls) - 1
    records = await house.records(2 + refused)
    found = Counter(record["disposition"] for record in records)
    assert found == Counter({"engine_lost": 1, "answered": 1, "failed": refused})
