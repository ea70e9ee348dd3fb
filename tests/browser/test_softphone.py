"""The phone in the browser, with SIP phones at the other end of its calls."""

import pytest
from playwright.sync_api import Page, expect

from bench.platform import Platform
from tests.browser.administrator import Administrator
from tests.browser.conftest import OpenConsole, OpenProfile
from tests.browser.desk import Desk, tone_of
from tests.browser.softphone import call_card, control, dial, hang_up, hears, in_call, use_phone

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(console: OpenConsole, desk: Desk) -> Page:
    """A browser that is the phone of extension 100; 102 and 103 are SIP phones on the desk."""
    desk.phone("102")
    page = console()
    use_phone(page, "100")
    return page


@pytest.mark.requirement("PBX-EXT-12")
def test_call_a_desk_phone_mute_and_hang_up(phone: Page, desk: Desk) -> None:
    dial(phone, "102")
    expect(phone.get_by_test_id("phone-call-state")).to_have_text("Calling")
    other = desk.answer("102")
    in_call(phone)
    expect(phone.get_by_test_id("phone-peer")).to_have_text("Carol Meyer")
    assert other.caller_name == "Alice"
    hears(phone)
    assert desk.hears_voice(other)

    control(phone, "Mute")
    expect(call_card(phone).get_by_role("button", name="Unmute")).to_be_visible()
    assert desk.hears_nothing(other)
    hears(phone)
    control(phone, "Unmute")
    assert desk.hears_voice(other)
    hang_up(phone)
    assert desk.run(other.ended()) == "them"


def test_hold_plays_music_and_the_tile_says_so(phone: Page, desk: Desk) -> None:
    dial(phone, "102")
    other = desk.answer("102")
    in_call(phone)
    control(phone, "Hold")
    expect(call_card(phone)).to_have_attribute("data-state", "held")
    expect(phone.get_by_test_id("tile-100")).to_have_attribute("data-state", "on_hold")
    expect(phone.get_by_test_id("tile-102")).to_have_attribute("data-state", "in_call")
    assert desk.hears_music(other)
    control(phone, "Resume")
    in_call(phone)
    expect(phone.get_by_test_id("tile-100")).to_have_attribute("data-state", "in_call")
    assert desk.hears_voice(other)
    hears(phone)

    desk.run(other.hold())
    expect(phone.get_by_test_id("tile-102")).to_have_attribute("data-state", "on_hold")
    hears(phone)


def test_keys_arrive_as_telephone_events(phone: Page, desk: Desk) -> None:
    dial(phone, "102")
    other = desk.answer("102")
    in_call(phone)
    keys = desk.watch_keys(other)
    control(phone, "Keypad")
    for key in "1*0#9":
        phone.get_by_test_id(f"key-{key}").click()
    desk.run(other.audio.notices(lambda: len(keys) >= 5, 10))
    assert "".join(keys) == "1*0#9"


def test_transfer_to_a_third_phone(phone: Page, desk: Desk) -> None:
    desk.phone("103")
    dial(phone, "102")
    second = desk.answer("102")
    in_call(phone)
    control(phone, "Transfer")
    phone.get_by_test_id("phone-transfer-number").get_by_role("textbox").fill("103")
    phone.get_by_test_id("phone-transfer").click()
    third = desk.answer("103")
    expect(call_card(phone)).to_be_hidden()
    expect(phone.get_by_test_id("phone-notice")).to_contain_text("transferred")
    assert desk.hears(second, tone_of("103"))
    assert desk.hears(third, tone_of("102"))
    expect(phone.get_by_test_id("tile-102")).to_contain_text("David Okafor")
    expect(phone.get_by_test_id("tile-100")).to_have_attribute("data-state", "idle")


def test_ring_answer_and_the_caller_hangs_up(phone: Page, desk: Desk) -> None:
    placed = desk.call("102", "100")
    expect(phone.get_by_test_id("phone-peer")).to_have_text("Carol Meyer")
    expect(phone.get_by_test_id("phone-call-state")).to_have_text("Ringing")
    phone.get_by_test_id("phone-answer").click()
    in_call(phone)
    assert desk.hears_voice(placed)
    desk.run(placed.hang_up())
    expect(call_card(phone)).to_be_hidden()


def test_decline_and_what_callers_of_others_are_told(phone: Page, desk: Desk) -> None:
    placed = desk.call("102", "100")
    phone.get_by_test_id("phone-decline").click()
    assert desk.run(placed.ended(10)) == "403"
    notice = phone.get_by_test_id("phone-notice")
    desk.phone("102").is_busy = True
    dial(phone, "102")
    expect(notice).to_contain_text("102 is busy")
    dial(phone, "213")
    expect(notice).to_contain_text("213 cannot be reached")
    expect(notice.get_by_role("button", name="Call again")).to_be_visible()


def test_two_calls_one_waits_while_the_other_talks(phone: Page, desk: Desk) -> None:
    dial(phone, "102")
    first = desk.answer("102")
    in_call(phone)
    second = desk.call("103", "100")
    phone.get_by_test_id("phone-answer").click()
    cards = phone.get_by_test_id("phone-active-call")
    expect(cards.filter(has_text="Carol Meyer")).to_have_attribute("data-state", "held")
    expect(cards.filter(has_text="David Okafor")).to_have_attribute("data-state", "talking")
    assert desk.hears_music(first)
    assert desk.hears_voice(second)
    talking = cards.filter(has_text="David Okafor")
    talking.get_by_role("button", name="Transfer").click()
    phone.get_by_test_id("phone-join").click()
    expect(cards).to_have_count(0)
    assert desk.hears(first, tone_of("103"))
    assert desk.hears(second, tone_of("102"))


def test_choose_devices_and_see_the_microphone_move(phone: Page) -> None:
    phone.get_by_test_id("phone-panel").get_by_role("button", name="Sound").click()
    level = phone.get_by_role("meter", name="Microphone level")
    expect(level).to_be_visible()
    phone.wait_for_function("() => document.querySelector('meter').value > 0.05")
    for device in ("Microphone", "Speaker", "Ringer"):
        expect(phone.get_by_test_id("phone-panel").get_by_role("button", name=device)).to_be_visible()
    phone.get_by_test_id("phone-panel").get_by_role("button", name="Microphone").click()
    fake = phone.get_by_role("option").filter(has_text="Fake").last
    name = fake.inner_text()
    fake.click()
    expect(phone.get_by_test_id("phone-panel").get_by_role("button", name="Microphone")).to_contain_text(name)
    stored = phone.evaluate("() => JSON.parse(localStorage['signalbox.phone.devices']).microphone")
    assert stored


def test_without_a_secure_page_the_cure_is_named(
    system: Platform, profile: OpenProfile, administrator: Administrator
) -> None:
    context = profile()
    address = system.console.replace("localhost", "signalbox.test")
    context.add_cookies([{"name": "sb_session", "value": administrator.cookie, "url": address}])
    page = context.new_page()
    page.goto(address)
    page.get_by_test_id("phone-open").click()
    insecure = page.get_by_test_id("phone-insecure")
    expect(insecure).to_contain_text("no microphone")
    insecure.get_by_role("link", name="Install the certificate").click()
    expect(page.get_by_role("heading").first).to_contain_text("trust Signalbox")
    expect(page.get_by_role("link", name="ca.crt").or_(page.locator("a[href='/ca.crt']")).first).to_be_visible()
