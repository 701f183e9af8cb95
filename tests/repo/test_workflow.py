"""The workflow takes no action that can change under it, and may write only to make a release."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
HEAD, JOBS = TEXT.split("\njobs:\n")
JOB = {name: text for name, text in re.findall(r"^  (\w+):\n((?:    .*\n|\n)+)", JOBS, re.MULTILINE)}


def test_actions_are_pinned():
    used = re.findall(r"uses: (\S+)(.*)", TEXT)
    assert len(used) >= 3
    for action, comment in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" +# v\d+\.\d+\.\d+", comment), action


def test_only_the_release_may_write():
    assert re.search(r"^permissions:\n  contents: read\n\n", HEAD, re.MULTILINE)
    assert [name for name, text in JOB.items() if "write" in text] == ["release"]
    assert "if: github.ref_type == 'tag'" in JOB["release"]
    assert "needs: [test, package]" in JOB["release"]
    assert TEXT.count("persist-credentials: false") == TEXT.count("actions/checkout@")


def test_the_scripts_are_there():
    scripts = re.findall(r"^ +(?:- run: )?(scripts/\S+)", TEXT, re.MULTILINE)
    assert scripts == ["scripts/test.sh", "scripts/package.sh", "scripts/release.sh"]
    assert all(os.access(ROOT / each, os.X_OK) for each in scripts)


def test_a_release_is_what_was_checked():
    """Tag, notes and checksums before anything is published, and only that is published."""
    steps = ["sha256sum --check", "scripts/release.sh \"$TAG\"", "attest-build-provenance@",
             "gh release create \"$TAG\""]
    places = [JOB["release"].index(step) for step in steps]
    assert places == sorted(places)
    assert "subject-path: packages/*\n" in JOB["release"]
    assert "--notes-file notes.md packages/*\n" in JOB["release"]


def test_the_tree_has_no_address_of_its_own():
    """The workflow knows where it runs; a copy of the repository releases under its own name."""
    assert TEXT.count("${{ github.server_url }}/${{ github.repository }}") == 2
    for path in [ROOT / "CMakeLists.txt", ROOT / "CHANGELOG.md", *(ROOT / "scripts").glob("*.sh")]:
        for address in re.findall(r"github\.com/([\w.-]+/ghcr-login\b)", path.read_text()):
            assert address == "OWNER/ghcr-login", path
