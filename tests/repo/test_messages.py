"""What people read is plain English: these words do not appear in it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "messages.py"
WORDS = [
    r"has a blank", r"behind (it|-|'--'|other|the scheme)", r"is none of", r"none of this name",
    r"passing failure", r"meanwhile", r"sensible end", r"come to its end", r"lock-?outs?\b",
    r"has the form of", r"no meaning for", r"again and again", r"see to it", r"for good",
    r"name it whole", r"stands? before", r"belong into", r"handed over", r"hand the", r"is no name",
    r"in vain", r"puts? off", r"inner (address|host)", r"obeyed", r"passed over",
    r"set the process up", r"knows less",
]


def messages(*files):
    return subprocess.run([sys.executable, SCRIPT, *files], capture_output=True, text=True,
                          timeout=60, check=True).stdout


def test_a_string_is_shown_as_a_person_reads_it():
    source = ROOT / "src" / "cli" / "help.c"
    assert "Exit status: 0 done, 1 internal error" in messages(source)
    assert messages(source).startswith("src/cli/help.c:")


@pytest.mark.parametrize("where", ["messages", "help", "README.md", "src/ghcr-login.1"])
def test_words_that_do_not_appear(binary, where):
    if where == "messages":
        text = messages()
        assert text.count("\n") > 500
    elif where == "help":
        topics = ("help", "all", "login", "status", "logout", "exec")
        text = "".join(subprocess.run([binary, "help", topic], capture_output=True, text=True,
                                      check=True).stdout for topic in topics)
    else:
        text = (ROOT / where).read_text()
    found = [line for line in text.splitlines()
             if re.search("|".join(WORDS), line, re.IGNORECASE)]
    assert found == []
