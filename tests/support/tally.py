"""Count what a stage of scripts/test.sh has run: prints "PASSED FAILED SKIPPED".

    tally.py DIRECTORY STATUS

The directory holds what the stage has left: JUnit files of ctest and pytest (*.xml), and lists of
lines "passed NAME", "failed NAME" and "skipped NAME" (*.txt). A stage that left nothing counts as
one, by its exit status; one that failed has failed at least once, whatever was counted.
"""

import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path


def outcome(case):
    """Of one <testcase>. What ctest could not even start is no test that was skipped."""
    if case.get("status") == "notrun":
        return "failed"
    marks = {child.tag for child in case}
    if marks & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in marks else "passed"


def count(directory):
    counted = Counter()
    for path in sorted(directory.glob("*.xml")):
        try:
            counted.update(map(outcome, ElementTree.parse(path).iter("testcase")))
        except ElementTree.ParseError:
            counted["failed"] += 1      # whoever wrote it did not come to its end
    for path in sorted(directory.glob("*.txt")):
        counted.update(line.split()[0] for line in path.read_text().splitlines())
    return counted


def tally(directory, status):
    counted = count(directory)
    if not counted and status == 0 and not list(directory.glob("*")):
        counted["passed"] = 1
    if counted["failed"] == 0 and (status != 0 or counted["passed"] == 0):
        counted["failed"] = 1
    return counted["passed"], counted["failed"], counted["skipped"]


if __name__ == "__main__":
    print(*tally(Path(sys.argv[1]), int(sys.argv[2])))
