"""README's pictures and figures are those of .github/figures.json, which scripts/pictures.sh measures."""

import importlib.util
import json
import re
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".github"
README = (ROOT / "README.md").read_text()
DATA = json.loads((PLACE / "figures.json").read_text())
PICTURES = {name: (PLACE / f"{name}.svg").read_text() for name in ("session", "figures")}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "scripts" / "pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def words(name):
    return [element.text for element in xml.fromstring(PICTURES[name]).iter()
            if element.tag.endswith("}text")]


def test_pictures_and_readme_are_drawn_from_the_data(script):
    """scripts/pictures.py would change nothing."""
    assert script.session(DATA) == PICTURES["session"]
    assert script.chart(DATA) == PICTURES["figures"]
    assert script.with_lines(README, script.readme_lines(DATA)) == README
    assert script.written(DATA) == (PLACE / "figures.json").read_text()


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_small_and_whole(name):
    """Text is text, it needs nothing from elsewhere, and there is a paper behind it."""
    picture = PICTURES[name]
    assert len(picture) < 8000
    assert len(words(name)) > 15
    assert "<title" in picture and f"](.github/{name}.svg)" in README
    assert not re.search(r"<(script|image|foreignObject|use)|href|url\(|@import", picture)
    assert re.search(r"<rect [^>]*(fill=\"#|class=\"paper\")", picture)
    assert name == "session" or "prefers-color-scheme: dark" in picture


def test_the_session_is_the_one_of_the_data():
    shown = " ".join(words("session"))
    for step in DATA["session"]:
        assert f"$ {step['typed']}" in shown
        assert all(line in shown for line in step["said"])
    docker, empty, good, pull = DATA["session"]
    assert "Cannot perform an interactive login from a non TTY device" in docker["said"][0]
    assert (empty["status"], good["status"], pull["status"]) == (3, 0, 0)
    assert "'GHCR_TOKEN' is empty" in empty["said"][0]
    assert good["said"][0].startswith("Login Succeeded: ghcr.io as octocat")
    assert len(words("session")) <= 22


def test_the_chart_shows_every_figure():
    shown = words("figures")
    for cost in DATA["login"].values():
        for text in (f"{cost['wall']:.0f} ms", f"{cost['cpu']:.0f} ms", f"{cost['memory']:g} MiB",
                     f"{cost['round_trips']}"):
            assert text in shown, text
    assert DATA["login"].keys() == {"static", "dynamic", "docker", "podman", "skopeo", "curl"}
    assert DATA["survivors"].keys() == {"ghcr-login", "docker", "podman", "skopeo"}
    assert set(DATA["survivors"]["ghcr-login"]) == {16}
    assert all(list(sizes) == ["10", "1000", "10000"] for sizes in DATA["growth"].values())


@pytest.mark.parametrize("name", ["figures.json", "session.svg", "figures.svg"])
def test_nothing_tells_of_the_machine(name):
    text = (PLACE / name).read_text()
    places = set(re.findall(r"(?<![\w.:/<-])/[\w.-]+(?:/[\w.-]+)+", text))
    assert places <= {"/home/deploy/.docker/config.json"}
    assert not re.search(r"gh[a-z]_[0-9A-Za-z]{20}|Bearer|/tmp|/work|/root", text)


def test_the_size_in_the_readme():
    assert f"one static file of {DATA['login']['static']['size']} MB" in README
