"""Two browsers call each other: both hear, the board shows it, the record and the ladder tell it afterwards."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenConsole
from tests.browser.softphone import dial, hang_up, hears, in_call, use_phone

pytestmark = pytest.mark.browser


@pytest.mark.requirement("PBX-GEN-14", "PBX-EXT-12")
def test_two_browsers_talk(console: OpenConsole) -> None:
    alice, bob = console(), console()
    use_phone(alice, "100")
    use_phone(bob, "101")

    dial(alice, "101")
    expect(bob.get_by_test_id("phone-peer")).to_have_text("Alice")
    bob.get_by_test_id("phone-answer").click()
    in_call(alice)
    hears(alice)
    hears(bob)
    expect(alice.get_by_test_id("tile-101")).to_have_attribute("data-state", "in_call")
    hang_up(bob)
    expect(alice.get_by_test_id("phone-active-call")).to_be_hidden()

    alice.get_by_test_id("nav-records").click()
    expect(alice.get_by_role("row").filter(has_text="Answered").first).to_be_visible()
