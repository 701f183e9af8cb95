"""scripts/lint.sh fails on what it is there to find."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tally import tally

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path):
    for name in ("include", "src", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def lint(tree, *checks, **env):
    # Its verdicts here are not for whoever counts those about this tree.
    env = {**{name: value for name, value in os.environ.items() if name != "RESULTS"}, **env}
    return subprocess.run([tree / "scripts" / "lint.sh", *checks], capture_output=True, text=True,
                          timeout=60, env=env)


def test_the_tree_is_clean(tree):
    assert lint(tree, "arrows", "gates", "doors", "circles").returncode == 0


@pytest.mark.parametrize("check, file, line", [
    ("arrows", "src/registry/new.c", '#include "store/text/document.h"'),
    ("arrows", "src/store/new.c", '#include "credential/credential.h"'),
    ("arrows", "include/credential/new.h", '#include "registry/reference.h"'),
    ("arrows", "src/base/new.c", '#include "cli/options.h"'),
    ("arrows", "include/base/new.h", '#include "store/path.h"'),
    ("arrows", "src/registry/part/new.c", "#include <store/text/layout.h>"),
    ("arrows", "src/registry/part/new.c", '#include "../store/path.h"'),
    ("gates", "src/registry/new.c", "#include <curl/curl.h>"),
    ("gates", "src/cli/new.c", "#include <jansson.h>"),
    ("gates", "src/store/part/new.c", '#include "base/json.h"'),
    ("gates", "src/store/new.c", "#include <b64/cencode.h>"),
    ("gates", "src/registry/part/new.c", "# include <jansson.h>"),
    ("doors", "src/store/new.c", '#include "store/text/splice.h"'),
    ("doors", "src/store/file/new.c", '#include "store/exec/private_config.h"'),
    ("doors", "include/store/new.h", ""),
])
def test_an_include_that_is_not_allowed(tree, check, file, line):
    path = tree / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line + "\n")
    found = lint(tree, check)
    assert found.returncode == 1 and file in found.stderr


def test_a_header_that_does_not_compile_alone(tree):
    (tree / "include" / "base" / "alone.h").write_text("int alone(size_t len);\n")
    found = lint(tree, "headers")
    assert found.returncode == 1 and "alone.h" in found.stderr


@pytest.mark.parametrize("header, body", [
    ("src/base/two.h", "src/base/two.c"),
    ("include/base/two.h", "src/base/part/two.c"),
    ("src/base/part/two.h", "src/base/two.c"),
])
def test_files_that_include_each_other(tree, header, body):
    """A body is joined with its header, the door of a part as well."""
    (tree / "src" / "base" / "part").mkdir()
    (tree / "src" / "base" / "one.h").write_text(f'#include "{header.partition("/")[2]}"\n')
    (tree / header).write_text("\n")
    (tree / body).write_text('#include "base/one.h"\n')
    found = lint(tree, "circles")
    assert found.returncode == 1 and "base/two" in found.stderr


def test_a_check_that_cannot_be_made_is_skipped_and_counted(tree, tmp_path_factory):
    """Where a release has no clang-format-14."""
    programs, results = tmp_path_factory.mktemp("bin"), tmp_path_factory.mktemp("results")
    for name in ("bash", "dirname", "grep", "sed"):
        (programs / name).symlink_to(shutil.which(name))
    found = lint(tree, "format", "arrows", PATH=str(programs), RESULTS=str(results))
    assert found.returncode == 0 and "format: skipped, no clang-format-14 here" in found.stderr
    assert found.stdout.splitlines()[-1] == "lint: 1 passed, 0 failed, 1 skipped"
    assert tally(results, 0) == (1, 0, 1)
