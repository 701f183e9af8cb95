"""What scripts/test.sh says in the end: nothing that did not run counts as passed."""

import pytest

from tally import tally

JUNIT = '<testsuite>{}</testsuite>'
PASSED = '<testcase name="a" status="run"/>'
FAILED = '<testcase name="b" status="fail"><failure message=""/></testcase>'
NOT_RUN = '<testcase name="c" status="notrun"><skipped message="Unable to find executable"/></testcase>'
ERROR = '<testcase name="d"><error message="failed on setup"/></testcase>'
SKIPPED = '<testcase name="e"><skipped type="pytest.skip" message="needs root"/></testcase>'


@pytest.mark.parametrize("files, status, expected", [
    ({}, 0, (1, 0, 0)),
    ({}, 1, (0, 1, 0)),
    ({"a.xml": JUNIT.format(PASSED * 3)}, 0, (3, 0, 0)),
    ({"a.xml": JUNIT.format(PASSED * 3)}, 1, (3, 1, 0)),
    ({"a.xml": JUNIT.format(PASSED + FAILED + NOT_RUN)}, 8, (1, 2, 0)),
    ({"a.xml": f"<testsuites>{JUNIT.format(PASSED + ERROR + SKIPPED)}</testsuites>"}, 1, (1, 1, 1)),
    ({"a.xml": JUNIT.format(PASSED), "b.txt": "passed x\nfailed y\n"}, 1, (2, 1, 0)),
    ({"a.xml": JUNIT.format("")}, 0, (0, 1, 0)),
    ({"a.xml": JUNIT.format(SKIPPED)}, 0, (0, 1, 1)),
    ({"a.xml": "<testsuite><testcase"}, 2, (0, 1, 0)),
    ({"a.xml": ""}, 0, (0, 1, 0)),
    ({"b.txt": ""}, 0, (0, 1, 0)),
], ids=str)
def test_a_stage(tmp_path, files, status, expected):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert tally(tmp_path, status) == expected
