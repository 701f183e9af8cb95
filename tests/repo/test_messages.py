"""What people read is plain English: these words do not appear in it."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "messages.py"
OTHERS = ("src/registry/answer.c:", "src/registry/http/response.c:")   # tables of what servers say
UNHELD = ROOT / "tests" / "data" / "messages.txt"
HELP = ROOT / "tests" / "data" / "help"
CONVERSION = re.compile(r"%[-+#0-9.*]*(?:ll|[hlzj])?[a-zA-Z%]")
WORDS = [
    r"has a blank", r"behind (it|-|'--'|other|the scheme)", r"is none of", r"none of this name",
    r"passing failure", r"meanwhile", r"sensible end", r"come to its end", r"lock-?outs?\b",
    r"has the form of", r"no meaning for", r"again and again", r"see to it", r"for good",
    r"name it whole", r"stands? before", r"belong into", r"handed over", r"hand the", r"is no name",
    r"in vain", r"puts? off", r"inner (address|host)", r"obeyed", r"passed over",
    r"set the process up", r"knows less",
]
# What a message says as well, and prose may say.
SAID_BETTER = [
    r"cannot ask '", r"did not end\b", r"hands? (on|over)\b", r"hands? .* (to|over)\b", r"contradict",
    r"of its own\b", r"\btakes? (no|nothing|none)\b", r"which is no\b", r"\bis no (?!longer)\w+ of\b",
    r"what (it was given|went wrong|stands|is stored|is given|follows)", r"looks? into\b",
    r"stays? locked", r"keeps? being", r"as .* has it\b", r"mistyped or cut", r"line ends\b",
    r"\bmake (room|it a link|a (new|temporary|private))", r"begins? with", r"vanish", r"all the same",
    r"leave .* out\b", r"is (that|it) meant", r"asks? nobody", r"no \w+ is asked", r"one by one",
    r"whoever", r"that lasts", r"for (it|they|which) (is|are|could|may)\b", r"\bis that by which",
    r"cannot look at", r"may (not )?be set", r"has a (NUL|byte|control|colon|quote)", r"are done, but",
    r"go(es)? on to\b", r"nobody but", r"was given what", r"another one\b", r"\bwing\b", r"\brooms\b",
    r"\bstory\b", r"is (a|the) door\b",
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
    words = WORDS + (SAID_BETTER if where in ("messages", "help") else [])
    found = [line for line in text.splitlines()
             if re.search("|".join(words), line, re.IGNORECASE)]
    assert found == []


@pytest.mark.parametrize("topic", ["help", "all", "login", "status", "logout", "exec"])
def test_the_help_is_as_it_was_reviewed(binary, topic):
    """A change of the help is a change of its file: read it there as its reader will."""
    shown = subprocess.run([binary, "help", topic], capture_output=True, text=True, check=True)
    assert shown.stdout == (HELP / f"{topic}.txt").read_text()


# What the comments of a header do not say.
IN_HEADERS = [
    r"\bwhoever\b", r"\bstory\b", r"\bwings?\b", r"\brooms\b", r"\bmeanwhile\b", r"in vain", r"obeyed",
    r"passed over", r"is none of", r"of it behind\b", r"NUL behind", r"\bfor who\b", r"as it were",
    r"has come to", r"handed back", r"lock-?outs?\b", r"inner (address|host|name)", r"stands twice",
]


@pytest.mark.parametrize("where", ["include", "src"])
def test_words_that_headers_do_not_have(where):
    found = [f"{path}: {comment}" for path in (ROOT / where).rglob("*.h")
             for comment in re.findall(r"/\*.*?\*/", path.read_text(), re.DOTALL)
             if re.search("|".join(IN_HEADERS), " ".join(comment.split()), re.IGNORECASE)]
    assert found == []


@pytest.fixture(scope="module")
def expected():
    """Every string of two words or more that a test or the manual has, in lower case."""
    spec = importlib.util.spec_from_file_location("messages", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    found = {" ".join(path.read_text().replace("\\", "").split())
             for path in [ROOT / "src/ghcr-login.1", *HELP.glob("*.txt")]}
    for path in (ROOT / "tests").rglob("*.*"):
        if path.suffix == ".py":
            found |= {" ".join(node.value.split()) for node in ast.walk(ast.parse(path.read_text()))
                      if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        elif path.suffix in (".c", ".h"):
            found |= {" ".join(text.split()) for _, text in script.strings(path.read_text())}
        elif path.suffix == ".ini":
            found |= {line.partition(" = ")[2] or line.strip()
                      for line in path.read_text().splitlines()}
        elif path.name == "error.txt":
            found.add(path.read_text().strip())
    return [each.lower() for each in found if " " in each]


def is_expected(text, expected, whole):
    fixed = max((part.strip(" '\",;:()") for part in CONVERSION.split(text)), key=len)
    return fixed in whole or any(part in text for part in expected if len(part) >= 10)


def test_every_message_is_expected_somewhere(expected):
    """A new message needs a test that has its words, or a line in the list of those that have none."""
    listed = {line for line in UNHELD.read_text().splitlines() if line and line[0] != "#"}
    whole = "\n".join(expected)
    texts = {line.split(": ", 1)[1] for line in messages().splitlines()
             if not line.startswith(OTHERS)}
    unheld = {text for text in texts if not is_expected(text.lower(), expected, whole)}
    assert len(texts) > 500
    assert sorted(unheld - listed) == [] and sorted(listed - unheld) == []
