"""Call records and the ladder of a call: found, opened, and followed down to the message."""

import datetime
import re

import pytest
from playwright.sync_api import expect

from tests.browser.administrator import Administrator
from tests.browser.conftest import OpenConsole
from tests.browser.desk import Desk

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def history(phones: Desk, administrator: Administrator) -> dict[str, str]:
    """Three finished calls: answered, busy, cancelled; their call ids by outcome."""
    placed, _ = phones.talk("202", "203")
    phones.run(placed.hang_up())
    phones.phone("204").is_busy = True
    phones.run(phones.call("202", "204").ended(10))
    phones.phone("205")
    ringing = phones.call("203", "205")
    phones.rings("205")
    phones.run(ringing.hang_up())
    phones.clear()
    found: dict[str, str] = {}
    while len(found) < 3:
        items = administrator.get("/call-records", q="20", limit="50")["items"]
        found = {
            each["disposition"]: each["call_id"]
            for each in items
            if (each["from_number"], each["dialled"]) in {("202", "203"), ("202", "204"), ("203", "205")}
        }
    return found


def test_search_and_filter_records(console: OpenConsole, history: dict[str, str]) -> None:
    page = console("/call-records")
    main = page.get_by_role("main")
    answered = page.get_by_test_id(f"record-{history['answered']}")
    expect(answered).to_contain_text("Kaori Tanaka")
    expect(answered).to_contain_text("Answered")
    main.get_by_role("searchbox").fill("Liam")
    expect(page.get_by_test_id(f"record-{history['busy']}")).to_contain_text("Busy")
    expect(answered).to_be_hidden()
    main.get_by_role("searchbox").fill("")
    main.get_by_role("button", name="Outcome").click()
    page.get_by_role("option", name="Cancelled").click()
    expect(page.get_by_test_id(f"record-{history['cancelled']}")).to_be_visible()
    expect(answered).to_be_hidden()
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)
    main.get_by_label("From").fill(tomorrow.date().isoformat())
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("button", name="Clear the filters").click()
    expect(answered).to_be_visible()


def test_open_a_record(console: OpenConsole, history: dict[str, str]) -> None:
    page = console("/call-records")
    page.get_by_test_id(f"record-{history['answered']}").click()
    panel = page.get_by_test_id("record-panel")
    expect(panel).to_contain_text("Caller: Kaori Tanaka")
    expect(panel).to_contain_text("Called: Warehouse")
    expect(panel).to_contain_text("16 Normal clearing")
    expect(panel).to_contain_text(history["answered"])
    panel.get_by_test_id("show-ladder").click()
    expect(page.get_by_role("heading", name="Kaori Tanaka to Warehouse")).to_be_visible()


def test_ladder_of_a_finished_call(console: OpenConsole, history: dict[str, str]) -> None:
    page = console(f"/calls/{history['answered']}")
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()
    entries = page.get_by_test_id("ladder-entry")
    arrows = page.get_by_test_id("ladder-diagram").locator("line[marker-end]")
    expect(entries.filter(has_text="INVITE")).not_to_have_count(0)
    for text in ("180", "200", "ACK", "BYE"):
        assert entries.filter(has_text=text).count() >= 1, text
    assert arrows.count() >= 8
    assert entries.and_(page.locator("[data-tone=step]")).count() >= 1
    assert entries.and_(page.locator("[data-tone=event]")).count() >= 2

    decisions = page.get_by_test_id("decisions")
    expect(decisions.get_by_role("listitem").first).to_contain_text("203")
    decisions.get_by_role("button").first.click()
    detail = page.get_by_test_id("ladder-detail")
    expect(detail).to_contain_text("Script step")
    expect(detail).to_contain_text("Rule that decided")

    entries.filter(has_text="INVITE").first.click()
    raw = detail.get_by_label("The message itself")
    expect(raw).to_contain_text("INVITE sip:203@")
    expect(raw).to_contain_text("CSeq:")
    expect(raw).to_contain_text("m=audio")

    page.get_by_role("button", name="SIP messages").click()
    expect(entries.filter(has_text="INVITE")).to_have_count(0)
    page.get_by_role("button", name="SIP messages").click()
    page.get_by_test_id("ladder-as-table").click()
    table = page.get_by_test_id("ladder-table")
    invite = table.get_by_role("row").filter(has_text="INVITE").first
    expect(invite).to_contain_text("SIP message")
    step = table.get_by_role("row").filter(has_text="Script step").first
    expect(step).to_contain_text(re.compile(r"[a-z]+ [a-z]+"))
    invite.get_by_role("button").click()
    expect(raw).to_contain_text("INVITE sip:203@")


def test_ladder_of_a_live_call_grows(console: OpenConsole, desk: Desk) -> None:
    page = console()
    placed, _ = desk.talk("206", "207")
    page.get_by_test_id("calls").get_by_role("link").filter(has_text="Night desk").click()
    expect(page.get_by_role("main").get_by_text("Live", exact=True)).to_be_visible()
    entries = page.get_by_test_id("ladder-entry")
    expect(entries.filter(has_text="INVITE")).not_to_have_count(0)
    expect(page.get_by_test_id("decisions").get_by_role("listitem")).not_to_have_count(0)
    assert entries.filter(has_text="BYE").count() == 0
    desk.run(placed.hold())
    desk.run(placed.resume())
    expect(entries.filter(has_text="INVITE")).to_have_count(5)
    desk.run(placed.hang_up())
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()
    expect(entries.filter(has_text="BYE")).not_to_have_count(0)
    page.get_by_role("button", name="Call record").click()
    expect(page.get_by_test_id("record-panel")).to_contain_text("Night desk")


def test_an_unknown_call_is_explained(console: OpenConsole) -> None:
    page = console("/calls/n1-0000000000.1")
    expect(page.get_by_text("This call is not known")).to_be_visible()
    page.get_by_role("button", name="Go to call records").click()
    expect(page.get_by_role("heading", name="Call records")).to_be_visible()
