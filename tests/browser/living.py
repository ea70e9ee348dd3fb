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
