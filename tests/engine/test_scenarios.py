"""Every scenario on a real Asterisk, held to the same expectations as the rehearsal."""

from pathlib import Path

import pytest

from tests.engine.asterisk import Asterisk
from tests.engine.story import Exchange, Story
from tests.scenarios.all import SCENARIOS
from tests.scenarios.model import Scenario, check
from tests.scenarios.world import numbers_of, write_routing

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(
            scenario, id=scenario.name, marks=[pytest.mark.requirement(name) for name in scenario.requirements]
        )
        for scenario in SCENARIOS
    ],
)
async def test_scenario(scenario: Scenario, asterisk: Asterisk, tmp_path: Path) -> None:
    routing = tmp_path / "routing.db"
    write_routing(routing, numbers_of(scenario))
    async with Exchange(scenario, asterisk.settings, routing) as exchange:
        seen = await Story(scenario, asterisk, exchange).play()
    await asterisk.quiet()
    check(scenario.expected, seen)
