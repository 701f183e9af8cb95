"""What the options and build types of CMakeLists.txt make of a compiler's command line."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPILED = ("-fstack-protector-strong", "-fPIE")
FORTIFIED = "-D_FORTIFY_SOURCE=3"
LINKED = ("-Wl,-z,relro", "-Wl,-z,now", "-pie")


@pytest.fixture
def configure(tmp_path):
    """A function that configures a build and returns how it compiles main.c, and how it links."""
    def run(*options, flags=""):
        environment = {**os.environ, "CFLAGS": flags, "LDFLAGS": ""}
        subprocess.run(["cmake", "-S", ROOT, "-B", tmp_path, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
                        *options], env=environment, check=True, capture_output=True, timeout=120)
        commands = json.loads((tmp_path / "compile_commands.json").read_text())
        (compiled,) = {each["command"] for each in commands
                       if "CMakeFiles/ghcr-login.dir/src/main.c" in each["command"]}
        linked = (tmp_path / "CMakeFiles" / "ghcr-login.dir" / "link.txt").read_text()
        return compiled.split(), linked.split()
    return run


@pytest.mark.parametrize("build_type, flags", [
    ("", ""), ("RelWithDebInfo", ""), ("None", "-g -O2"), ("None", "")])
def test_what_is_installed_is_hardened(configure, build_type, flags):
    """Also where a distribution gives the flags: None. Fortified is what is optimized."""
    compiled, linked = configure(*([f"-DCMAKE_BUILD_TYPE={build_type}"] if build_type else []),
                                 flags=flags)
    assert set(COMPILED) <= set(compiled)
    assert (FORTIFIED in compiled) == (build_type != "None" or "-O2" in flags)
    assert set(LINKED) <= set(linked)


@pytest.mark.parametrize("option", ["CMAKE_BUILD_TYPE=Debug", "GHCR_LOGIN_SANITIZE=ON"])
def test_what_is_tested_goes_without(configure, option):
    compiled, linked = configure(f"-D{option}")
    assert FORTIFIED not in compiled and "-Wl,-z,now" not in linked
    assert any(flag.startswith("-fsanitize=") for flag in compiled) == ("SANITIZE" in option)


@pytest.mark.parametrize("option, is_error", [("GHCR_LOGIN_TESTS", False),
                                              ("GHCR_LOGIN_WERROR", True)])
def test_a_packager_s_tests_do_not_fail_for_a_warning(configure, option, is_error):
    compiled, _ = configure(f"-D{option}=ON")
    assert ("-Werror" in compiled) == is_error
