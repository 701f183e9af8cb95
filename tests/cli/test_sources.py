"""Where the user name and the token come from, and in which order."""

import base64
import os

import pytest

from harness import FINE_GRAINED, OTHER_TOKEN, TERMINAL, TOKEN, USER
from spellings import spell

LINE = f"{TOKEN}\n".encode()


def test_token_from_standard_input(login, registry):
    server = registry()
    login("-u", USER, "--password-stdin", "--cacert", login.ca_file, server.host,
          stdin=LINE).succeeded()
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"], ids=["none", "lf", "crlf"])
def test_one_line_end_is_cut(login, registry, end):
    server = registry()
    login.to(server, stdin=TOKEN.encode() + end).succeeded()
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_implicit_standard_input_serves_any_registry(login, registry):
    server = registry()
    login("-u", USER, "--cacert", login.ca_file, server.host, stdin=LINE).succeeded()
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_named_variables(login, registry):
    server = registry()
    login("--username-env", "WHO", "--token-env", "MY_TOKEN", "--cacert", login.ca_file,
          server.host, env={"WHO": USER, "MY_TOKEN": TOKEN}).succeeded()
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_files(login, registry):
    server = registry()
    secret = login.secret_file(LINE)
    # Kubernetes mounts secrets as links.
    link = login.directory / "link"
    link.symlink_to(secret)
    name = login.work / "name"
    name.write_text(f"{USER}\n")
    login("--username-file", name, "--token-file", link, "--cacert", login.ca_file,
          server.host).succeeded()
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_token_file_may_be_a_pipe(login, registry):
    server = registry()
    reader, writer = os.pipe()
    os.write(writer, LINE)
    os.close(writer)
    login("-u", USER, "--token-file", f"/dev/fd/{reader}", "--cacert", login.ca_file, server.host,
          pass_fds=(reader,)).succeeded()
    os.close(reader)


# What counts for ghcr.io without being named, in its order: every row adds a source that
# must win over those of the rows before it.

IMPLICIT_TOKENS = [
    ("standard input", {"stdin": True}),
    ("systemd", {"stdin": True, "systemd": True}),
    ("GHCR_TOKEN", {"stdin": True, "systemd": True, "variable": True}),
    ("--token-file", {"stdin": True, "systemd": True, "variable": True, "file": True}),
]


@pytest.mark.parametrize("winner, given", IMPLICIT_TOKENS, ids=[row[0] for row in IMPLICIT_TOKENS])
def test_order_of_tokens(ghcr, login, winner, given):
    """Every source but the last brings a token that the registry would refuse."""
    env, args, stdin = {}, [], None
    values = [OTHER_TOKEN] * (len(given) - 1) + [TOKEN]
    for source, value in zip(given, values):
        if source == "stdin":
            stdin = f"{value}\n".encode()
        elif source == "systemd":
            directory = login.secret_file(f"{value}\n".encode(), "ghcr-token").parent
            env["CREDENTIALS_DIRECTORY"] = directory
        elif source == "variable":
            env["GHCR_TOKEN"] = value
        else:
            args = ["--token-file", login.secret_file(f"{value}\n".encode(), "flag")]
    ghcr("-u", USER, *args, env=env, stdin=stdin).succeeded()
    assert login.entry("ghcr.io") == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("args, env, expected", [
    ([], {"GITHUB_ACTOR": "actor"}, "actor"),
    ([], {"GITHUB_ACTOR": "actor", "GHCR_USERNAME": "named"}, "named"),
    (["-u", "flag"], {"GITHUB_ACTOR": "actor", "GHCR_USERNAME": "named"}, "flag"),
], ids=["GITHUB_ACTOR", "GHCR_USERNAME", "--username"])
def test_order_of_names(ghcr, login, args, env, expected):
    ghcr(*args, env={"GHCR_TOKEN": TOKEN, **env}).succeeded()
    assert login.entry("ghcr.io") == f"{expected}:{TOKEN}"


def test_ghcr_may_be_named(ghcr, login):
    ghcr("ghcr.io", env={"GHCR_TOKEN": TOKEN, "GHCR_USERNAME": USER}).succeeded()
    assert login.entry("ghcr.io") == f"{USER}:{TOKEN}"


def test_standard_input_is_left_alone_when_a_variable_serves(ghcr, login):
    """`ssh host bash -s < script`: the rest of the script must still be there."""
    script = login.work / "script"
    script.write_text("ghcr-login\necho survived\n")
    with script.open("rb", buffering=0) as stdin:
        ghcr("-u", USER, env={"GHCR_TOKEN": TOKEN}, stdin=stdin).succeeded()
        assert stdin.tell() == 0


@pytest.mark.parametrize("directory", ["", "/x" * 3000], ids=["empty", "too long"])
def test_a_credentials_directory_that_is_none(ghcr, directory):
    ghcr("-u", USER, env={"CREDENTIALS_DIRECTORY": directory}, stdin=LINE).succeeded()


@pytest.mark.parametrize("env", [
    {"GHCR_TOKEN": TOKEN}, {"GITHUB_TOKEN": TOKEN}, {"CREDENTIALS_DIRECTORY": "."},
], ids=lambda env: next(iter(env)))
def test_nothing_implicit_goes_to_another_registry(login, registry, env):
    server = registry()
    if "CREDENTIALS_DIRECTORY" in env:
        env = {"CREDENTIALS_DIRECTORY": login.secret_file(LINE, "ghcr-token").parent}
    login("-u", USER, "--cacert", login.ca_file, server.host, env=env).failed(3, "standard input")
    assert server.connections == 0


@pytest.mark.parametrize("name", ["GHCR_USERNAME", "GITHUB_ACTOR"])
def test_no_implicit_name_for_another_registry(login, registry, name):
    server = registry()
    login("--password-stdin", "--cacert", login.ca_file, server.host, env={name: USER},
          stdin=LINE).failed(3, "user name")
    assert server.connections == 0


def test_16_kib_are_not_too_many(login, registry):
    server = registry(token="x" * 16384)
    login.to(server, stdin=server.token.encode()).succeeded()
    assert login.entry(server.host) == f"{USER}:{server.token}"


@pytest.mark.parametrize("password", ['a "quoted" one', "p\u00e4ssw\u00f6rd-secret", "a:colon:one"],
                         ids=["quotes", "not ASCII", "colon"])
def test_other_registries_have_freer_passwords(login, registry, password):
    server = registry("basic", token=password)
    login.to(server).succeeded()
    assert login.entry(server.host) == f"{USER}:{password}"


KEY = '{\n  "type": "service_account",\n  "private_key": "-----BEGIN-----\\nMIIE\\n-----END-----\\n"\n}\n'


@pytest.mark.parametrize("source", ["stdin", "file", "env"])
def test_a_secret_of_several_lines_is_kept(login, registry, source):
    """Google's and Yandex's documented login: docker login -u _json_key --password-stdin < key.json"""
    server = registry(token=KEY.rstrip("\n"))
    args, how = {"stdin": (["--password-stdin"], {"stdin": KEY.encode()}),
                 "file": (["--token-file", login.secret_file(KEY.encode())], {}),
                 "env": (["--token-env", "KEY_TOKEN"], {"env": {"KEY_TOKEN": KEY}})}[source]
    login("-u", "_json_key", *args, "--cacert", login.ca_file, server.host, **how).succeeded()
    assert login.entry(server.host) == f"_json_key:{server.token}"


def test_several_lines_that_nobody_named_may_be_a_script(login, registry):
    server = registry()
    login("-u", USER, "--cacert", login.ca_file, server.host,
          stdin=f"{TOKEN}\necho the rest\n".encode()).failed(3, "more than one line", "bash -s")
    assert server.connections == 0


@pytest.mark.parametrize("given", [f"{TOKEN}\n\n", f"  {TOKEN}\t\n", f"\n{TOKEN}\r\n\r\n"],
                         ids=["two line ends", "blanks", "all of them"])
def test_white_space_round_a_github_token_is_cut(ghcr, login, given):
    ghcr("-u", USER, env={"GHCR_TOKEN": given}).succeeded()
    assert login.entry("ghcr.io") == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("given, words", [
    (f"{TOKEN} \n", "ends with a space"), (f" {TOKEN}", "starts with a space"),
    (f"\ufeff{TOKEN}\n", "byte-order mark"), (f"{TOKEN}\n\n", "empty last line"),
    (f'"{TOKEN}"\n', "is in quotation marks")],
    ids=["at the end", "in front", "BOM", "empty line", "quotes"])
def test_what_is_odd_is_said_after_a_refusal(login, registry, given, words):
    server = registry(token="another-password")
    login("-u", USER, "--password-stdin", "--cacert", login.ca_file, server.host,
          stdin=given.encode()).failed(4, words)


def test_no_name_is_needed_for_github(ghcr, login):
    ghcr(env={"GHCR_TOKEN": TOKEN}).succeeded()
    assert login.entry("ghcr.io") == f"x-access-token:{TOKEN}"


@pytest.mark.parametrize("name", ["plain", "base64", "auth", "hex", "URL", "in pieces"])
@pytest.mark.parametrize("end", ["exit 3", "exit 0", "kill -9 $$"])
def test_the_words_of_a_command_that_gives_no_token(login, server, name, end):
    """Nobody has heard of the token then; but what has the form of one can be known."""
    said = spell(TOKEN, USER)[name]
    words = login.secret_file(f"cannot use {said}\n".encode(), "words")
    result = login("-u", USER, "--token-command", f"cat {words} >&2; {end}", server.host)
    result.failed(3, "its output contains the credential")
    assert said not in result.stderr


SOURCES = {
    "stdin": (["--password-stdin"], {}, "standard input", "stdin"),
    "implicit stdin": ([], {}, "standard input", "stdin"),
    "GHCR_TOKEN": ([], {"GHCR_TOKEN": "%s"}, "environment variable 'GHCR_TOKEN'", "env:GHCR_TOKEN"),
    "named": (["--token-env", "MY_TOKEN"], {"MY_TOKEN": "%s"}, "environment variable 'MY_TOKEN'",
              "env:MY_TOKEN"),
    "file": (["--token-file", "../token"], {}, "file '../token'", "file:../token"),
}


@pytest.mark.parametrize("args, env, words, name", SOURCES.values(), ids=SOURCES)
def test_the_source_is_named(ghcr, login, args, env, words, name):
    """In success, in refusal, and for programs: a stale variable in front of a pipe is seen."""
    for token in (TOKEN, OTHER_TOKEN):
        login.secret_file(f"{token}\n".encode())
        env = {variable: token for variable in env}
        result = ghcr("-u", USER, *args, env=env, stdin=f"{token}\n".encode())
        assert result.status == (0 if token == TOKEN else 4)
        assert f"token from {words}" in result.stdout or f"token is from {words}" in result.stderr
        said = ghcr("-u", USER, *args, "--json", env=env, stdin=f"{token}\n".encode()).json
        assert said["token"]["source"] == name


@pytest.mark.parametrize("source", ["GHCR_TOKEN", "systemd"])
def test_a_stale_source_in_front_of_a_pipe(ghcr, login, source):
    """The one that was meant is the one in the pipe."""
    if source == "GHCR_TOKEN":
        env = {"GHCR_TOKEN": OTHER_TOKEN}
    else:
        env = {"CREDENTIALS_DIRECTORY": login.secret_file(f"{OTHER_TOKEN}\n".encode(),
                                                          "ghcr-token").parent}
    result = ghcr("-u", USER, env=env, stdin=LINE).failed(
        4, "hint: standard input was not read", "--password-stdin")
    assert ("'GHCR_TOKEN'" if source == "GHCR_TOKEN" else "ghcr-token'") in result.stderr
    assert "was not read" not in ghcr("-u", USER, env=env).failed(4).stderr
    ghcr("-u", USER, "--password-stdin", env=env, stdin=LINE).succeeded()


@pytest.mark.parametrize("stdin", [None, TERMINAL, b""],
                         ids=["nothing", "terminal", "a pipe that is closed"])
def test_neither_name_nor_token(login, server, stdin):
    login(server.host, stdin=stdin).failed(3, "no user name, and no token", "hint:", "-u NAME")


def test_a_key_on_implicit_standard_input(login, server):
    login("-u", "_json_key", server.host, stdin=KEY.encode()).failed(
        3, "more than one line", "add --password-stdin")


@pytest.mark.parametrize("wrapped", [lambda text: text[:40] + "\n" + text[40:],
                                     lambda text: text[:20] + " " + text[20:]],
                         ids=["line end", "blank"])
@pytest.mark.parametrize("plain", [TOKEN, f"{USER}:{TOKEN}", FINE_GRAINED],
                         ids=["token", "user and token", "long"])
def test_base64_that_was_wrapped(ghcr, login, plain, wrapped):
    encoded = base64.b64encode(f"{plain}\n".encode()).decode()
    login.protect(encoded)
    ghcr("-u", USER, "--password-stdin", stdin=wrapped(encoded).encode()).failed(
        3, "is base64-encoded", "base64 -d")
