#!/usr/bin/env python3
"""Print every string of the program that a person can read: messages, hints, warnings, help.

usage: scripts/messages.py [FILE...]

One line each, "FILE:LINE: TEXT", sorted by file and line, for a review of the words and for
tests/repo/test_messages.py. FILEs are C sources; the default is all of src. Adjacent literals are
one string, as in C; what has fewer than two words is a key or a format, and is left out.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOKEN = re.compile(r"""
      (?P<comment> /\*.*?\*/ | //[^\n]*)
    | (?P<include> ^[ \t]*\#[ \t]*include[^\n]*)
    | (?P<string>  "(?:[^"\\\n]|\\.)*")
    | (?P<char>    '(?:[^'\\\n]|\\.)+')
    | (?P<space>   \s+)
    | (?P<other>   .)
""", re.VERBOSE | re.DOTALL | re.MULTILINE)
ESCAPES = {"n": " ", "t": " ", '"': '"', "\\": "\\", "'": "'"}


def plain(literal):
    """The text of a literal; a line end is a space."""
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[0]), literal[1:-1])


def strings(source):
    """(line, text) of each string of a C source, adjacent literals joined."""
    found, parts, start = [], [], 0
    for token in TOKEN.finditer(source):
        if token.lastgroup == "string":
            if not parts:
                start = source.count("\n", 0, token.start()) + 1
            parts.append(plain(token[0]))
        elif token.lastgroup not in ("space", "comment") and parts:
            found.append((start, "".join(parts)))
            parts = []
    return found


def is_read_by_people(text):
    words = re.sub(r"%[-+ #0-9.*]*[a-z]+", " ", text)
    return len(re.findall(r"[A-Za-z]{2,}", words)) >= 2 and " " in text.strip()


def messages(paths):
    for path in sorted(paths):
        for line, text in strings(path.read_text()):
            if is_read_by_people(text):
                yield f"{path.resolve().relative_to(ROOT)}:{line}: {' '.join(text.split())}"


def main():
    paths = [Path(name) for name in sys.argv[1:]] or list((ROOT / "src").rglob("*.c"))
    for each in messages(paths):
        print(each)


if __name__ == "__main__":
    main()
