"""Alarms on the system screen, as the status tells them."""

import json

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenConsole

pytestmark = pytest.mark.browser

ALARMS = [
    {"code": "disk_short", "severity": "problem", "detail": "Less is free than wanted."},
    {"code": "certificate_ending", "severity": "warning", "detail": "It ends on 2026-12-01."},
]


def test_alarms_come_and_go(console: OpenConsole) -> None:
    page = console("/system")
    expect(page.get_by_test_id("part-worker")).to_be_visible()
    expect(page.get_by_test_id("alarms")).to_be_hidden()

    def alarmed(route: Route) -> None:
        told = route.fetch().json()
        route.fulfill(content_type="application/json", body=json.dumps(told | {"alarms": ALARMS}))

    page.route("**/api/v1/status", alarmed)
    alarms = page.get_by_test_id("alarms")
    expect(alarms).to_contain_text("The disk is nearly full")
    expect(alarms).to_contain_text("It ends on 2026-12-01.")
    page.unroute("**/api/v1/status")
    expect(alarms).to_be_hidden()
