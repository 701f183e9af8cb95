"""The terminal session in README's first picture still goes like that."""

import json

from example_runners import ROOT
from person import DOCKER
from session import IMAGE, play

SHOWN = json.loads((ROOT / ".github" / "figures.json").read_text())["session"]


def test_the_session_of_the_readme(stack, person, binary):
    steps = play(stack, binary, person.login.directory)
    assert DOCKER.take_image(person, IMAGE) == stack.image_id
    assert [step["status"] for step in steps] == [step["status"] for step in SHOWN], steps
    for step, shown in zip(steps, SHOWN, strict=True):
        assert step["typed"] == shown["typed"]
        # What docker says depends on its version, and on how the layer was packed.
        assert step["said"] == shown["said"] or "docker" in step["typed"], step
    assert "TTY" in steps[0]["said"][0]
