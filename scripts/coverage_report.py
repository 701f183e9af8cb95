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
        self.branches = []

    def read(self, record, values):
        if record == "DA" and not NO_CODE.match(self.text[int(values[0]) - 1]):
            self.lines[int(values[0])] = int(values[1])
        if record == "BRDA":
            self.branches.append((int(values[0]), values[3] not in ("0", "-")))

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
        pairs = zip(self.branches[::2], self.branches[1::2])
        for (number, was_true), (_, was_false) in pairs:
            if was_true != was_false:
                seen = "true" if was_true else "false"
                yield number, f"only {seen}: {self.text[number - 1].strip()}"


def read(stream):
    sources = []
    source = None
    for line in stream:
        record, _, value = line.strip().partition(":")
        if record == "SF":
            name = os.path.relpath(value)
            source = Source(name) if name.startswith("src/") else None
            sources += [source] if source else []
        elif source:
            source.read(record, value.split(","))
    return sorted(sources, key=lambda source: source.name)


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
        branches = percent(taken for source in of_wing for _, taken in source.branches)
        print(f"{wing:10}  lines {lines}  branches {branches}")
    found = {"-u": Source.unreached, "-b": Source.one_way}
    listed = [(option, f"{source.name}:{number}: {text}") for option in options
              for source in sources for number, text in found[option](source)]
    for _, text in listed:
        print(text)
    return any(option == "-u" for option, _ in listed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
