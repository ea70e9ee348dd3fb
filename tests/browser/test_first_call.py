"""Two browsers call each other: both hear, the board shows it, the record and the ladder tell it afterwards."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenConsole, use_phone

pytestmark = pytest.mark.browser

_AUDIO = """async () => {
  let energy = 0;
  for (const peer of window.__peers ?? []) {
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type === 'inbound-rtp' && stat.kind === 'audio') energy += stat.totalAudioEnergy ?? 0;
    }
  }
  return energy;
}"""
_WATCH_PEERS = """() => {
  const Real = window.RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Real { constructor(...a) { super(...a); window.__peers.push(this); } };
}"""


def hears(page: Page) -> None:
    """Wait until sound with energy arrives: the other browser's fake microphone beeps twice a second."""
    page.wait_for_function(f"async () => (await ({_AUDIO})()) > 0.0001", timeout=15_000)


@pytest.mark.requirement("PBX-GEN-02", "PBX-EXT-12")
def test_two_browsers_talk(console: OpenConsole) -> None:
    alice, bob = console(), console()
    for page, extension in ((alice, "100"), (bob, "101")):
        page.evaluate(_WATCH_PEERS)
        use_phone(page, extension)

    alice.get_by_test_id("phone-number").get_by_role("textbox").fill("101")
    alice.get_by_test_id("phone-call").click()
    expect(bob.get_by_test_id("phone-peer")).to_have_text("Alice")
    bob.get_by_test_id("phone-answer").click()
    hears(alice)
    hears(bob)
    tile = alice.get_by_role("button", name="101").filter(has_text="Bob").first
    expect(tile).to_contain_text("In call")
    bob.get_by_test_id("phone-hangup").click()
    expect(alice.get_by_test_id("phone-active-call")).to_be_hidden()

    alice.get_by_role("link", name="Call records").click()
    expect(alice.get_by_role("row").filter(has_text="Answered").first).to_be_visible()
