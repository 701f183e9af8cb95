"""Reads a tracefile of lcov's format on standard input; scripts/coverage.sh says the rest."""

import collections
import os
import re
import sys

# What a region spans, but no code: it would only make the figures look better.
NO_CODE = re.compile(r"\s*([{}]*;?|/\*.*\*/|/\*[^/]*|\*(| .*|/))$")
REASON = re.compile(r"/\* unreached: \S")


class Source:
    """The lines of one file, and how often each has run."""

    def __init__(self, name):
        self.name = name
        self.wing = name.split("/")[1]
        with open(name, encoding="utf-8") as file:
            self.text = file.read().splitlines()
        self.lines = {}
        self.branches = {}

    def read(self, record, values):
        """Of several programs with this file, one that has run a line is enough."""
        if record == "DA" and not NO_CODE.match(self.text[int(values[0]) - 1]):
            number = int(values[0])
            self.lines[number] = max(self.lines.get(number, 0), int(values[1]))
        if record == "BRDA":
            taken = values[3] not in ("0", "-")
            place = (int(values[0]), *values[1:3])
            self.branches[place] = self.branches.get(place, False) or taken

    def unreached(self):
        """What no test runs: the lines that do not say why, and those that say so in vain."""
        reason, reason_used = 0, True
        for number, text in enumerate(self.text, 1):
            if REASON.search(text):
                reason, reason_used = number, False
            if self.lines.get(number) == 0:
                reason_used = True
                if not reason:
                    yield number, text.strip()
            elif number in self.lines:
                if not reason_used:
                    yield reason, "this can be reached: " + self.text[reason - 1].strip()
                reason, reason_used = 0, True

    def one_way(self):
        """The conditions of which one outcome was never seen; the first of a pair is `true`."""
        branches = list(self.branches.items())
        for ((number, *_), was_true), (_, was_false) in zip(branches[::2], branches[1::2]):
            if was_true != was_false:
                seen = "true" if was_true else "false"
                yield number, f"only {seen}: {self.text[number - 1].strip()}"


def read(stream):
    sources = {}
    source = None
    for line in stream:
        record, _, value = line.strip().partition(":")
        if record == "SF":
            name = os.path.relpath(value)
            source = sources.get(name) or (Source(name) if name.startswith("src/") else None)
            if source:
                sources[name] = source
        elif source:
            source.read(record, value.split(","))
    return [sources[name] for name in sorted(sources)]


def percent(flags):
    flags = list(flags)
    return f"{sum(flags)}/{len(flags)} {100 * sum(flags) / max(len(flags), 1):.1f} %"


def main(options):
    sources = read(sys.stdin)
    wings = collections.defaultdict(list)
    for source in sources:
        wings[source.wing].append(source)
    for wing, of_wing in sorted(wings.items()):
        lines = percent(count > 0 for source in of_wing for count in source.lines.values())
        branches = percent(taken for source in of_wing for taken in source.branches.values())
        print(f"{wing:10}  lines {lines}  branches {branches}")
    found = {"-u": Source.unreached, "-b": Source.one_way}
    listed = [(option, f"{source.name}:{number}: {text}") for option in options
              for source in sources for number, text in found[option](source)]
    for _, text in listed:
        print(text)
    return any(option == "-u" for option, _ in listed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
