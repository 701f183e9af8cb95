"""The help, which is made of the option table, the manual page and the README tell of the same things.

The completions read --help (test_completions.py).
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MANUAL = (ROOT / "src" / "ghcr-login.1").read_text()
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def help_text(binary):
    return subprocess.run([binary, "help", "all"], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def options(help_text):
    """{"--username": "NAME", ...} as --help has them; "" for one without an argument."""
    found = dict(re.findall(r"^  (?:-\w,|   ) (--[a-z-]+)(?: ([A-Z]+))?  ", help_text, re.MULTILINE))
    assert len(found) > 30
    return found


def test_the_manual_has_each_option_with_its_argument(options):
    items = re.findall(r"^\.It .*", MANUAL, re.MULTILINE)
    in_manual = {}
    for item in items:
        for name, argument in re.findall(r"Fl -([a-z][a-z-]+)(?: Ar ([a-z]+))?", item):
            in_manual[f"--{name}"] = argument.upper()
    in_manual.pop("--password", None)       # told of only as what is refused
    assert in_manual == options


def test_the_manual_sorts_every_option_by_task(options, help_text):
    section = MANUAL.split(".Ss Options by task\n")[1].split("\n.Ss ")[0]
    letters = {f"-{letter}" for letter in re.findall(r"^  -(\w),", help_text, re.MULTILINE)}
    named = [f"-{name}" for name in re.findall(r"\bFl ([a-z-]+)", section)]
    assert len(named) == len(set(named))
    assert set(named) == set(options) | letters


def test_all_name_the_same_commands(help_text):
    in_help = set(re.findall(r"^(?:usage:|      ) ghcr-login \[?(\w+)\]?", help_text, re.MULTILINE))
    synopsis = MANUAL.split(".Sh SYNOPSIS")[1].split(".Sh")[0]
    synopsis = synopsis.split(".Nm docker-credential-ghcr-login")[0]
    assert set(re.findall(r"\bCm (\w+)", synopsis)) - {"all"} == in_help == {"login", "status", "logout",
                                                                  "exec", "help", "version"}
    for command in in_help - {"login", "help", "version"}:
        assert f"ghcr-login {command}" in README, command


def test_all_name_the_same_statuses(help_text):
    in_help = set(re.findall(r"\b(\d) [a-z]", help_text.split("Exit status:")[1]))
    section = MANUAL.split(".Sh EXIT STATUS")[1].split(".Sh")[0]
    assert set(re.findall(r"^\.It (\d)$", section, re.MULTILINE)) == in_help == set("0123456789")


# Which functions of src/cli/report_json.c make the object that an item of the manual is about.
JSON_MAKERS = {
    None: ["report_json_print"],
    "files": ["add_source", "add_readers", "json_target"],
    "images": ["json_images"],
    "credentials": ["json_credential"],
    "token": ["json_token"],
    "error": ["json_error"],
}


def json_members():
    """{function: the keys that it packs} of what prints the object of --json."""
    source = (ROOT / "src" / "cli" / "report_json.c").read_text()
    members = {}
    for name, body in re.findall(r"^\w[^;{}=]*?\*?(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", source,
                                 re.MULTILINE | re.DOTALL):
        packed = re.findall(r"json_pack\((.*?)\);", body, re.DOTALL)
        keys = set(re.findall(r'"([a-z_]+)",', " ".join(packed)))
        keys |= set(re.findall(r'\bwith\(\w+, "([a-z_]+)"', body))
        if keys:
            members[name] = keys
    return members


def test_the_manual_has_every_member_of_the_json():
    """Each in the item of the object that it is in: "source" is one of a file's and of a token's."""
    section = MANUAL.split(".Sh JSON OUTPUT")[1].split("\n.Sh ")[0]
    section = re.sub(r"\n\.Bl -tag -width \w+ -compact\n(.*?)\n\.El",     # an object's own list
                     lambda inner: "\n" + inner[1].replace(".It ", "."), section, flags=re.DOTALL)
    items = dict(re.findall(r"^\.It Ql (\w+)\n(.*?)(?=^\.It |^\.El)", section,
                            re.MULTILINE | re.DOTALL))
    items[None] = "".join(f".Ql {name}\n" for name in items)
    members = json_members()
    assert set(members) == {name for names in JSON_MAKERS.values() for name in names}
    assert sum(map(len, members.values())) > 30
    for item, makers in JSON_MAKERS.items():
        told = set(re.findall(r"\bQl ([a-z_]+)", items[item]))
        for maker in makers:
            assert members[maker] <= told, (item, members[maker] - told)


def test_the_manual_has_the_sections_of_its_kind():
    sections = re.findall(r"^\.Sh (.+)$", MANUAL, re.MULTILINE)
    for name in ("JSON OUTPUT", "STANDARDS", "AUTHORS", "BUGS", "SECURITY CONSIDERATIONS"):
        assert name in sections, name
    for name in re.findall(r"^\.Sx (.+?)(?: [.,;) ]+)?$", MANUAL, re.MULTILINE):
        assert name in sections or f".Ss {name}\n" in MANUAL, name


def test_mandoc_finds_no_fault():
    """What is not installed here, of the pages that it refers to, is no fault of the page."""
    done = subprocess.run(["mandoc", "-T", "lint", ROOT / "src" / "ghcr-login.1"],
                          capture_output=True, text=True, timeout=60, check=False)
    faults = [line for line in (done.stdout + done.stderr).splitlines()
              if "referenced manual not found" not in line and "outdated mandoc.db" not in line]
    assert faults == []
