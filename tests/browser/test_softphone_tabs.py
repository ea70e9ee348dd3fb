"""One phone for all tabs: reload, a second tab, a tab that sleeps, HTTPS."""

import pytest
from playwright.sync_api import Dialog, expect

from bench.platform import Platform
from tests.browser.administrator import Administrator
from tests.browser.conftest import OpenConsole, OpenProfile, sign_in
from tests.browser.desk import Desk
from tests.browser.softphone import call_card, dial, hang_up, hears, in_call, is_registered, use_phone

pytestmark = pytest.mark.browser

_ASLEEP = """
  Object.defineProperty(document, 'hidden', { get: () => true });
  window.__shown = [];
  window.Notification = class {
    static permission = 'granted';
    static requestPermission() { return Promise.resolve('granted'); }
    constructor(title, options) { window.__shown.push([title, options.body, 'open']); this.at = __shown.length - 1; }
    close() { window.__shown[this.at][2] = 'closed'; }
  };
"""


def test_the_phone_and_its_call_survive_a_reload(
    console: OpenConsole, desk: Desk, administrator: Administrator
) -> None:
    page = console()
    asked: list[str] = []

    def insist(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", insist)
    use_phone(page, "100")
    page.reload()
    assert not asked
    expect(page.get_by_test_id("phone-open")).to_contain_text("100 ready")
    page.get_by_test_id("phone-open").click()
    is_registered(page)

    desk.phone("102")
    dial(page, "102")
    other = desk.answer("102")
    in_call(page)
    page.reload()
    assert asked == ["beforeunload"]
    in_call(page)
    expect(page.get_by_test_id("phone-peer")).to_have_text("Carol Meyer")
    assert desk.hears_voice(other)
    hears(page)
    assert not other.ended_by
    assert administrator.line("100")["contacts"] == 1
    hang_up(page)
    assert desk.run(other.ended()) == "them"


def test_a_second_tab_shows_and_controls_the_same_phone(
    console: OpenConsole, desk: Desk, administrator: Administrator
) -> None:
    first = console()
    use_phone(first, "100")
    second = first.context.new_page()
    second.goto(first.url)
    second.get_by_test_id("phone-open").click()
    is_registered(second)
    expect(second.get_by_test_id("phone-panel")).to_contain_text("runs in another tab")

    placed = desk.call("102", "100")
    expect(second.get_by_test_id("phone-peer")).to_have_text("Carol Meyer")
    second.get_by_test_id("phone-answer").click()
    in_call(first)
    in_call(second)
    assert administrator.line("100")["contacts"] == 1
    assert len(administrator.board()["calls"]) == 1
    assert desk.hears_voice(placed)

    first.close()
    in_call(second)
    assert desk.hears_voice(placed)
    expect(second.get_by_test_id("phone-panel")).not_to_contain_text("runs in another tab")
    assert administrator.line("100")["contacts"] == 1
    hang_up(second)
    assert desk.run(placed.ended()) == "them"


def test_a_sleeping_tab_shows_who_calls(console: OpenConsole, desk: Desk) -> None:
    page = console()
    page.context.add_init_script(_ASLEEP)
    page.reload()
    use_phone(page, "100")
    placed = desk.call("102", "100")
    page.wait_for_function("() => window.__shown.length === 1")
    assert page.evaluate("() => window.__shown[0]") == ["Carol Meyer is calling", "102", "open"]
    desk.run(placed.hang_up())
    page.wait_for_function("() => window.__shown[0][2] === 'closed'")
    expect(call_card(page)).to_be_hidden()


def test_call_over_https_and_secure_websockets(
    system: Platform, profile: OpenProfile, administrator: Administrator, desk: Desk
) -> None:
    page = profile(signed_in=False, ignore_https_errors=True).new_page()
    opened: list[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))
    sign_in(page, f"https://localhost:{system.settings.web.https_port}", administrator.password)
    expect(page.get_by_test_id("link-state")).to_have_attribute("data-state", "live")
    use_phone(page, "101")
    desk.phone("102")
    dial(page, "102")
    other = desk.answer("102")
    in_call(page)
    hears(page)
    assert desk.hears_voice(other)
    assert opened
    assert all(url.startswith("wss://") for url in opened)
    assert any(f":{system.settings.sip.wss_port}/" in url for url in opened)
    hang_up(page)
