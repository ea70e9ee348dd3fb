"""Extensions in the console: made alone and in bulk, refused at the field, changed by two, deleted, brought back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.administrator import Administrator
from tests.browser.conftest import OpenConsole
from tests.browser.desk import Desk

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _tidy(administrator: Administrator) -> Iterator[None]:
    yield
    for number in ("300", "301", "310", "311", "312"):
        administrator.delete(number)


def field_error(page: Page, label: str) -> str:
    """What stands at a field that was refused; the field itself says that it is invalid, and names its explanation."""
    field = page.get_by_role("textbox", name=label, exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    last = (field.get_attribute("aria-describedby") or "").split()[-1]  # the hint comes before it
    return page.locator(f'[id="{last}"]').inner_text()


@pytest.mark.requirement("PBX-EXT-01")
def test_create_one_and_see_its_secret_once(console: OpenConsole) -> None:
    page = console("/extensions")
    page.get_by_test_id("new-extension").click()
    page.get_by_label("Number", exact=True).fill("300")
    page.get_by_label("Name", exact=True).fill("Sofia Rossi")
    page.get_by_test_id("create-extension").click()
    created = page.get_by_test_id("created-panel")
    expect(created).to_contain_text("This secret is shown only now")
    secret = created.get_by_test_id("secret").inner_text().strip()
    assert len(secret) >= 12
    created.get_by_role("button", name="Done").click()
    expect(page.get_by_test_id("extension-300")).to_contain_text("Sofia Rossi")

    page.get_by_test_id("extension-300").click()
    panel = page.get_by_test_id("edit-panel")
    expect(panel).to_contain_text("Shown once, when it was made.")
    expect(panel).not_to_contain_text(secret)
    panel.get_by_test_id("new-secret").click()
    page.get_by_test_id("confirm").click()
    fresh = panel.get_by_test_id("secret")
    expect(fresh).to_be_visible()
    assert fresh.inner_text().strip() not in ("", secret)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_test_id("nav-board").click()
    expect(page.get_by_test_id("tile-300")).to_contain_text("Sofia Rossi")


def test_what_is_wrong_stands_at_its_field(console: OpenConsole) -> None:
    page = console("/extensions/new")
    number = page.get_by_label("Number", exact=True)
    number.fill("100")
    page.get_by_test_id("create-extension").click()
    assert re.search("taken|exists|already", field_error(page, "Number"))
    number.fill("1x")
    page.get_by_test_id("create-extension").click()
    expect(page.get_by_text("Use 2 to 11 digits.")).to_be_visible()
    number.fill("300")
    page.get_by_role("textbox", name="E-mail").fill("nobody")
    page.get_by_test_id("create-extension").click()
    assert field_error(page, "E-mail") == "This is not an e-mail address."
    page.get_by_role("textbox", name="E-mail").fill("")
    page.get_by_role("button", name="More settings").click()
    for codec in ("opus", "g722", "alaw", "ulaw"):
        page.get_by_role("checkbox", name=codec).uncheck(force=True)
    page.get_by_test_id("create-extension").click()
    expect(page.get_by_role("group", name="Codecs").get_by_role("alert")).to_be_visible()
    page.get_by_role("checkbox", name="alaw").check(force=True)
    page.get_by_label("Allowed addresses").fill("10.0.0.0/8\nnot an address")
    page.get_by_test_id("create-extension").click()
    assert field_error(page, "Allowed addresses")
    page.get_by_label("Allowed addresses").fill("10.0.0.0/8")
    page.get_by_test_id("create-extension").click()
    expect(page.get_by_test_id("created-panel")).to_be_visible()


def test_two_people_change_the_same_extension(console: OpenConsole, administrator: Administrator) -> None:
    administrator.create("300", "Before")
    page = console("/extensions/300")
    page.get_by_label("Name", exact=True).fill("Mine")
    administrator.change("300", name="Theirs", ring_s=45)
    page.get_by_test_id("save-extension").click()
    conflict = page.get_by_test_id("conflict")
    expect(conflict).to_contain_text("Somebody changed this extension meanwhile")
    expect(conflict.get_by_role("row").filter(has_text="Name")).to_contain_text("Theirs")
    expect(conflict.get_by_role("row").filter(has_text="Name")).to_contain_text("Mine")
    expect(page.get_by_role("textbox", name="Ring for (seconds)")).to_have_value("45")
    conflict.get_by_role("button", name="Keep mine and save").click()
    expect(page.get_by_test_id("edit-panel")).to_be_hidden()
    saved = administrator.get("/extensions/300")
    assert (saved["name"], saved["ring_s"]) == ("Mine", 45)

    page.get_by_test_id("extension-300").click()
    page.get_by_label("Name", exact=True).fill("Mine again")
    administrator.change("300", name="Theirs again")
    page.get_by_test_id("save-extension").click()
    conflict.get_by_role("button", name="Take theirs").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Theirs again")


def test_leaving_a_changed_form_asks_first(console: OpenConsole, administrator: Administrator) -> None:
    administrator.create("300", "Before")
    page = console("/extensions/300")
    page.get_by_label("Name", exact=True).fill("Half done")
    page.get_by_role("button", name="Cancel").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("Leave without saving?")
    question.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half done")


def test_many_at_once_with_a_preview_all_or_none(console: OpenConsole, administrator: Administrator) -> None:
    page = console("/extensions/bulk")
    panel = page.get_by_test_id("bulk-panel")
    panel.get_by_label("First number").fill("310")
    count = panel.get_by_role("textbox", name="How many")
    count.fill("3")
    count.blur()
    expect(panel.get_by_test_id("bulk-preview")).to_contain_text("Will create 310 to 312")
    administrator.create("312", "In the way")
    expect(panel).to_contain_text("Already there: 312")
    panel.get_by_test_id("create-many").click()
    expect(panel.get_by_label("First number")).to_have_attribute("aria-invalid", "true")
    assert administrator.client.get("/extensions/310").status_code == 404
    administrator.delete("312")
    expect(panel.get_by_test_id("bulk-preview")).to_be_visible()
    panel.get_by_test_id("create-many").click()
    done = page.get_by_role("dialog")
    expect(done).to_contain_text("3 extensions are created")
    expect(done.get_by_role("row").filter(has_text=re.compile("31[012]"))).to_have_count(3)
    done.get_by_role("button", name="Copy all as a table").click()
    expect(done).to_contain_text("Copied")
    assert administrator.client.get("/extensions/312").status_code == 200


def test_delete_and_undo(console: OpenConsole, administrator: Administrator) -> None:
    administrator.create("301", "Short stay")
    page = console("/extensions")
    page.get_by_role("button", name="Delete 301").click()
    expect(page.get_by_role("alertdialog")).to_contain_text("Delete extension 301?")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("extension-301")).to_be_hidden()
    page.get_by_test_id("toasts").get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id("extension-301")).to_contain_text("Short stay")

    page.get_by_test_id("nav-changes").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("undoes")
    page.get_by_role("row").nth(2).click()
    change = page.get_by_test_id("change-panel")
    expect(change).to_contain_text("301")
    expect(change).to_contain_text("deleted")
    expect(change).to_contain_text("Short stay")


def test_deleting_ends_a_call_on_request(console: OpenConsole, administrator: Administrator, desk: Desk) -> None:
    called, caller = desk.talk("104", "105")
    page = console("/extensions")
    page.get_by_role("searchbox").last.fill("105")
    page.get_by_role("button", name="Delete 105").click()
    page.get_by_text("End calls in progress").click()
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("toasts")).to_contain_text("Extension 105 is deleted and 1 call is ended.")
    assert desk.run(called.ended(5)) == "them"
    assert desk.run(caller.ended(5)) == "them"
    page.get_by_test_id("toasts").get_by_role("button", name="Undo").click()
    expect(page.get_by_test_id("extension-105")).to_be_visible()
    desk.unregister("105")  # it lost its registration with its extension; the next test makes a new one


def test_the_list_is_searched_and_sorted(console: OpenConsole) -> None:
    page = console("/extensions")
    rows = page.get_by_test_id("extensions").locator("tbody tr")
    expect(rows.first).to_contain_text("100")
    page.get_by_role("button", name="Number", exact=True).click()
    expect(rows.first).not_to_contain_text("100")
    page.get_by_role("main").get_by_role("searchbox").fill("alice")
    expect(rows).to_have_count(1)
    page.get_by_role("main").get_by_role("searchbox").fill("nobody of that name")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
