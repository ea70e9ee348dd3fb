"""What a person does with the phone in the browser, and what that phone hears."""

from playwright.sync_api import Locator, Page, expect

_HEARD = """async () => {
  let energy = 0;
  for (const peer of window.__peers ?? []) {
    if (peer.connectionState === 'closed') continue;
    for (const stat of (await peer.getStats()).values()) {
      if (stat.type === 'inbound-rtp' && stat.kind === 'audio') energy += stat.totalAudioEnergy ?? 0;
    }
  }
  return energy;
}"""
WATCH_PEERS = """
  const Real = window.RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Real { constructor(...a) { super(...a); window.__peers.push(this); } };
"""


def use_phone(page: Page, extension: str) -> None:
    """Make this browser the phone of ``extension`` and wait until it is registered."""
    page.context.add_init_script(WATCH_PEERS)
    page.evaluate(f"() => {{ {WATCH_PEERS} }}")
    page.get_by_test_id("phone-open").click()
    page.get_by_role("searchbox", name="Search number or name").last.fill(extension)
    page.get_by_test_id(f"choose-{extension}").click()
    is_registered(page)


def is_registered(page: Page) -> None:
    expect(page.get_by_test_id("phone-registration")).to_have_attribute("data-state", "registered")


def dial(page: Page, number: str) -> None:
    page.get_by_test_id("phone-number").get_by_role("textbox").fill(number)
    page.get_by_test_id("phone-call").click()


def call_card(page: Page) -> Locator:
    return page.get_by_test_id("phone-active-call")


def in_call(page: Page) -> None:
    expect(call_card(page)).to_have_attribute("data-state", "talking")


def control(page: Page, label: str) -> None:
    """Press one of the controls of the running call."""
    call_card(page).get_by_role("button", name=label, exact=True).click()


def hang_up(page: Page) -> None:
    page.get_by_test_id("phone-hangup").click()
    expect(call_card(page)).to_be_hidden()


def hears(page: Page, *, since: float | None = None) -> None:
    """Wait until sound with energy arrives from now on."""
    before = heard(page) if since is None else since
    page.wait_for_function(f"async () => (await ({_HEARD})()) > {before} + 0.0001", timeout=20_000)


def heard(page: Page) -> float:
    """The energy of all sound so far, as WebRTC counts it; it grows while there is something to hear."""
    return float(page.evaluate(_HEARD))
