"""What the sample phones send: audible, not loud, with pauses."""

import pytest

from signalbox.features.demo.media import FRAME, ulaw, voice

SILENCE = 0xFF
LOUDEST = 0x90
"""Codes below this (without the sign) are within 6 dB of the loudest there is."""


@pytest.mark.parametrize("which", range(4))
def test_a_voice_is_heard_and_breathes(which: int) -> None:
    frames = voice(which)
    assert {len(frame) for frame in frames} == {FRAME}
    silent = [frame for frame in frames if set(frame) <= {SILENCE, 0x7F}]
    assert 0.1 < len(silent) / len(frames) < 0.7
    assert min(code | 0x80 for frame in frames for code in frame) > LOUDEST


def test_voices_differ() -> None:
    assert len({voice(which) for which in range(4)}) == 4
    assert voice(0) is voice(0)


@pytest.mark.parametrize(("sample", "code"), [(0, 0xFF), (32767, 0x80), (-32768, 0x00), (1000, 0xCE), (-1000, 0x4E)])
def test_ulaw_is_g711(sample: int, code: int) -> None:
    assert ulaw(sample) == code
