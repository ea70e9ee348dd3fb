"""A board with something on it: calls that ring, talk and wait, held for as long as pictures are taken."""

from tests.browser.administrator import Administrator
from tests.browser.desk import Desk

TALKING = (("102", "103"), ("106", "200"), ("201", "105"), ("208", "204"))
IDLE = ("104", "108", "109", "202", "203", "205", "206", "209", "210")


def fill(desk: Desk, administrator: Administrator) -> None:
    """Put calls in every state on the board."""
    administrator.change("107", ring_s=600)
    for number in IDLE:
        desk.phone(number)
    for caller, called in TALKING:
        desk.talk(caller, called)
    held, _ = desk.talk("211", "207")
    desk.run(held.hold())
    desk.phone("107")
    desk.call("212", "107")
    desk.rings("107")


COLLEAGUES = {
    "220": "Samir Nasser",
    "221": "Tessa Vogel",
    "222": "Umberto Leone",
    "223": "Accounts",
    "224": "Vera Novak",
    "225": "William Scott",
    "226": "Xenia Papas",
    "227": "Yusuf Demir",
    "228": "Zoe Laurent",
    "229": "Front gate",
    "230": "Meeting room 2",
}
LATER = {"0:[1-5]|[1-9]:": ("104", "221"), "0:[2-5]|[1-9]:": ("108", "224"), "0:[3-5]|[1-9]:": ("227", "220")}
"""Calls of the README's picture, by what the first tile says when they begin."""


def add_colleagues(desk: Desk, administrator: Administrator) -> None:
    """Fill a window of the usual size with tiles."""
    for number, name in COLLEAGUES.items():
        desk.add(number, administrator.create(number, name))
    for number in ("100", "101", *COLLEAGUES):
        if number not in ("229", "230"):
            desk.phone(number)
