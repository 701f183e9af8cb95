"""What happens to people, one file each in tests/data/scenarios, and what they are told.

To add one, copy a file that is like it. Its name says the situation, its first line is a
comment with the cause. The sections, all but the last as needed:

    [registry]      name: ghcr.io, another, or HOST (this machine, with its port)
                    flavour: of tests/support/flavours.py   knows: its one good token
                    images: NAME:TAG public|private|forbidden, one a line   realm: a URL
                    certificate: expired | not yet valid | of another name |
                    of an unknown authority | none (plain http) | closed port
    [answers]       instead of the flavour's, for ping token ping2 manifest:
                    STATUS [CODE: message | body], below it headers; or: web page |
                    rate limited | silence | reset | close
    [api]           GitHub's API, for --diagnose: knows owner scopes, answers for user packages
    [proxy]         answer: 407 | 403 | close
    [environment]   variables   [files] NAME = "content", in DIR
    [run]           arguments   stdin: "text", terminal, or open (a pipe that never ends)
    [expect]        status class message hint warnings (one a line); where the answers do not
                    let two situations be told apart, like: the other's name

In a message, (...) stands for libcurl's own words, which differ from version to version.
@CLASSIC@ and the other names of tests/support/scenarios.py stand for secrets, and @HOST@
and @DIR@ for what differs from run to run; of what is said, HOST, PROXY, CA and DIR do.
"""

import re
from pathlib import Path

import pytest

import scenarios
from harness import WAITS

ALL = [scenarios.read(path) for path in scenarios.paths()]
BY_NAME = {each.name: each for each in ALL}
README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
TROUBLE = re.search(r"^## When it says no\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)[1]


def ids(each):
    return each.name


def told(scenario):
    """All that lets a person tell it from others, but for where the token came from."""
    expect = scenario.expect
    message = re.sub("; the token is from .*", "", expect.get("message", ""))
    return (expect["status"], message, expect.get("hint"), *scenario.warnings)


@pytest.mark.parametrize("scenario", ALL, ids=ids)
def test_scenario(scenario, login, ca):
    with scenario.stage(ca, login.directory) as stage:
        login.registries = stage.servers
        for name, text in scenario.of("files").items():
            login.secret_file(scenarios.content(text), name)
        result = login("--json", *stage.arguments, env=stage.environment, stdin=scenario.stdin)
        said = {key: [stage.plain(each) for each in value] if key == "warnings" else value
                for key, value in result.json.items()}
        error = {key: stage.plain(str(value)) for key, value in said.get("error", {}).items()
                 if value}
        stderr = WAITS.sub("", stage.plain(result.stderr))
        if "(...)" in scenario.expect.get("message", "") and "message" in error:
            theirs = re.search(r"\(.+\)$", error["message"])[0]
            error["message"], stderr = (text.replace(theirs, "(...)")
                                        for text in (error["message"], stderr))
    expect = scenario.expect
    assert (str(result.status), said["warnings"]) == (expect["status"], scenario.warnings), said
    assert error == {key: expect[key] for key in ("class", "status", "message", "hint")
                     if key in expect and expect["status"] != "0"}
    lines = [f"warning: {each}" for each in scenario.warnings]
    lines += [f"{begin}: {error[key]}" for begin, key in (("ghcr-login", "message"),
                                                          ("hint", "hint")) if key in error]
    shown = stderr.splitlines()
    assert shown[:len(lines)] == lines
    # A workflow's annotation says it again, and --help is pointed to after a wrong command line.
    assert all(line.startswith(("::error title=", "try '")) for line in shown[len(lines):]), shown


@pytest.mark.parametrize("scenario", ALL, ids=ids)
def test_the_file_is_well_formed(scenario):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", scenario.name)
    for section, keys in scenario.sections.items():
        assert section in scenarios.FREE or set(keys) <= scenarios.KEYS[section], section
    expect = scenario.expect
    failed = {"class", "message"} if expect["status"] != "0" else set()
    assert {"status", *failed} <= set(expect)
    assert failed or not {"class", "message", "hint"} & set(expect)
    assert expect.get("like", scenario.name) in BY_NAME


def test_there_is_a_file_for_each_situation():
    assert len(ALL) >= 60
    assert all(path.suffix == ".ini" for path in scenarios.paths())
    for values in ([each.name for each in ALL], [each.title for each in ALL]):
        assert len(set(values)) == len(values)


def test_different_situations_are_told_apart():
    first = {}
    for scenario in sorted(ALL, key=lambda each: "like" in each.expect):
        same = first.setdefault(told(scenario), scenario)
        assert scenario.expect.get("like", scenario.name) == same.name, (scenario.name, same.name)


@pytest.mark.parametrize("words", [
    "unauthorized: authentication required",
    "denied: permission_denied: The token provided does not match expected scopes.",
    "Cannot perform an interactive login from a non TTY device"])
def test_the_readme_has_what_people_search_for(words):
    assert f"`{words}`" in TROUBLE


def test_the_readme_quotes_what_is_said():
    """Its right-hand words, each a message or a hint of a scenario, whole or up to an ellipsis."""
    said = [text for each in ALL for text in (each.expect.get("message"), each.expect.get("hint"),
                                              *each.warnings) if text]
    quotes = re.findall(r"“([^”]+)”", TROUBLE)
    assert len(quotes) >= 10
    for quote in quotes:
        pieces = [re.escape(piece) for piece in " ".join(quote.split()).split("…")]
        pattern = ".*".join(pieces) + "(; the token is from .*)?"   # which depends on the run
        assert any(re.fullmatch(pattern, text) for text in said), quote
