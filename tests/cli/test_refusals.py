"""Input that is refused, not repaired: nothing is sent, and the value is not shown."""

import socket

import pytest

from harness import TERMINAL, TOKEN, USER, Held

LINE = f"{TOKEN}\n".encode()

BAD_INPUT = {
    "nothing": (b"", "empty"),
    "only a line end": (b"\n", "empty"),
    "blanks": (b"    \n", "empty"),
    "two lines": (b"first-secret-line\nsecond-secret-line\n", "line"),
    "CR inside": (b"secret-before\rsecret-behind\n", "line"),
    "NUL inside": (b"secret-before\0secret-behind\n", "NUL"),
    "NUL at the end": (TOKEN.encode() + b"\0", "NUL"),
    "tab": (b"secret-before\tsecret-behind\n", "control"),
    "escape": (b"\x1b[31msecret-behind\n", "control"),
    "DEL": (b"secret-before\x7f\n", "control"),
    "UTF-8 byte-order mark": (b"\xef\xbb\xbf" + LINE, "byte-order"),
    "UTF-16": (b"\xff\xfe" + TOKEN.encode("utf-16-le"), "byte-order"),
    "16 KiB and a byte": (b"x" * 16385, "16384"),
    "endless": (b"x" * 4_000_000, "longer"),
}


@pytest.mark.parametrize("data, word", BAD_INPUT.values(), ids=BAD_INPUT)
@pytest.mark.parametrize("source", ["stdin", "file"])
def test_bad_token(ghcr, login, data, word, source):
    if source == "stdin":
        result = ghcr("-u", USER, "--password-stdin", stdin=data)
    else:
        result = ghcr("-u", USER, "--token-file", login.secret_file(data))
    result.failed(3, word, "standard input" if source == "stdin" else "token")
    assert ghcr.registry.connections == 0
    assert not login.config.exists()


# Of the same, what no registry takes.
BAD_ANYWHERE = ["NUL inside", "NUL at the end", "UTF-16", "16 KiB and a byte", "endless"]


@pytest.mark.parametrize("name", BAD_ANYWHERE)
@pytest.mark.parametrize("source", ["stdin", "file"])
def test_bad_secret_for_any_registry(login, registry, name, source):
    data, word = BAD_INPUT[name]
    server = registry()
    args = ["-u", USER, "--cacert", login.ca_file]
    if source == "stdin":
        result = login(*args, "--password-stdin", server.host, stdin=data)
    else:
        result = login(*args, "--token-file", login.secret_file(data), server.host)
    result.failed(3, word)
    assert server.connections == 0


@pytest.mark.parametrize("data", [b"secret-before\tsecret-behind\n", b"\x1b[31msecret-behind\n",
                                  b"secret-before\x7f\n", b"first-line\nsecond-line\n"],
                         ids=["tab", "escape", "DEL", "two lines"])
def test_what_other_registries_may_have(login, registry, data):
    """docker sends it, so that it may be the password."""
    server = registry(token=data.decode().rstrip("\n"))
    login.to(server, stdin=data).succeeded()
    assert login.entry(server.host) == f"{USER}:{server.token}"


@pytest.mark.parametrize("value, word", [
    (f'"{TOKEN}"', "quote"), (f"'{TOKEN}'", "quote"), (f"{TOKEN} {TOKEN}", "space"),
    ("ghp_" + "secret%of$strange", "character"), (f"{TOKEN}\u00b5", "character"),
], ids=["double", "single", "space inside", "signs", "not ASCII"])
@pytest.mark.parametrize("source", ["stdin", "GHCR_TOKEN"])
def test_what_no_github_token_has(ghcr, value, word, source):
    if source == "stdin":
        result = ghcr("-u", USER, "--password-stdin", stdin=f"{value}\n".encode())
    else:
        result = ghcr("-u", USER, env={"GHCR_TOKEN": value})
    result.failed(3, word)
    assert ghcr.registry.connections == 0


@pytest.mark.parametrize("name", ["GHCR_TOKEN", "GHCR_USERNAME", "GITHUB_ACTOR"])
def test_an_empty_implicit_variable_is_named(ghcr, login, name):
    """It is not passed over for the next source, which would serve."""
    env = {"GHCR_TOKEN": TOKEN, name: "",
           "CREDENTIALS_DIRECTORY": login.secret_file(LINE, "ghcr-token").parent}
    user = ["-u", USER] if name == "GHCR_TOKEN" else []
    ghcr(*user, env=env, stdin=LINE).failed(3, name, "empty", "hint:")
    assert ghcr.registry.connections == 0


@pytest.mark.parametrize("option", ["--token-env", "--username-env"])
@pytest.mark.parametrize("env, word", [({"NAMED": ""}, "empty"), ({}, "not set")],
                         ids=["empty", "unset"])
def test_a_named_variable_must_hold_something(login, registry, option, env, word):
    server = registry()
    rest = ["-u", USER] if option == "--token-env" else ["--password-stdin"]
    login(option, "NAMED", *rest, "--cacert", login.ca_file, server.host, env=env,
          stdin=LINE).failed(3, "NAMED", word)
    assert server.connections == 0


@pytest.mark.parametrize("option", ["--token-env", "--token-file"])
def test_a_token_given_as_a_name_is_not_shown(login, registry, option):
    login.protect(TOKEN)
    server = registry()
    result = login("-u", USER, option, TOKEN, "--cacert", login.ca_file, server.host)
    assert result.status in (2, 3), result
    assert result.stderr and server.connections == 0


@pytest.mark.parametrize("kind, word", [
    ("missing", "no such file"), ("directory", "directory"), ("unreadable", "permission denied")])
@pytest.mark.parametrize("option", ["--token-file", "--username-file"])
def test_a_file_that_cannot_be_read(login, registry, option, kind, word):
    server = registry()
    path = login.work / "given"
    if kind == "directory":
        path.mkdir()
    elif kind == "unreadable":
        path.write_text("octocat")
        path.chmod(0)
    rest = ["-u", USER] if option == "--token-file" else ["--password-stdin"]
    login(option, path, *rest, "--cacert", login.ca_file, server.host, stdin=LINE,
          unprivileged=True).failed(3, str(path), word)
    assert server.connections == 0


def test_standard_input_that_is_a_socket_has_no_name(login, registry):
    """sshd makes one of it; no path leads to a socket."""
    server = registry()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        login("-u", USER, "--token-file", "/dev/stdin", server.host, stdin=theirs).failed(
            3, "/dev/stdin", "hint: a socket", "ssh", "--password-stdin")
        ours.sendall(LINE)
        ours.shutdown(socket.SHUT_WR)
        login("-u", USER, "--password-stdin", "--cacert", login.ca_file, server.host,
              stdin=theirs).succeeded()


@pytest.mark.parametrize("name", ["octo:cat", "", "octo\ncat", "octo\tcat", " "],
                         ids=["colon", "empty", "lines", "control", "blank"])
@pytest.mark.parametrize("source", ["flag", "variable", "file"])
def test_bad_user_name(login, registry, name, source):
    server = registry()
    if source == "flag":
        args = ["-u", name]
    elif source == "variable":
        args = ["--username-env", "WHO"]
    else:
        (login.work / "who").write_text(name)
        args = ["--username-file", "who"]
    login(*args, "--password-stdin", "--cacert", login.ca_file, server.host, env={"WHO": name},
          stdin=LINE).failed(3, "user name")
    assert server.connections == 0


def test_no_user_name(login, registry):
    server = registry()
    login("--password-stdin", "--cacert", login.ca_file, server.host,
          stdin=LINE).failed(3, "user name", "hint:", "-u")
    assert server.connections == 0


@pytest.mark.parametrize("flag", [["--password-stdin"], []], ids=["explicit", "implicit"])
def test_a_terminal_is_not_asked(login, registry, flag):
    server = registry()
    result = login("-u", USER, *flag, "--cacert", login.ca_file, server.host, stdin=TERMINAL)
    result.failed(3, "terminal", "hint:")
    assert result.took_less_than(2) and server.connections == 0


@pytest.mark.parametrize("flag", [["--password-stdin"], []], ids=["explicit", "implicit"])
@pytest.mark.parametrize("data", [b"", LINE], ids=["nothing arrives", "no end of file"])
def test_the_wait_for_standard_input_ends(login, registry, flag, data):
    server = registry()
    result = login("-u", USER, *flag, "--timeout", "1", "--cacert", login.ca_file, server.host,
                   stdin=Held(data))
    result.failed(3, "standard input", "hint:")
    assert result.took_less_than(4) and server.connections == 0


TWO_SOURCES = [
    ["-u", USER, "--password-stdin", "--token-env", "A_TOKEN"],
    ["-u", USER, "--password-stdin", "--token-file", "token"],
    ["-u", USER, "--token-env", "A_TOKEN", "--token-file", "token"],
    ["-u", USER, "--username-env", "WHO", "--password-stdin"],
    ["-u", USER, "--username-file", "who", "--password-stdin"],
    ["--username-env", "WHO", "--username-file", "who", "--password-stdin"],
]


@pytest.mark.parametrize("args", TWO_SOURCES, ids=" ".join)
def test_two_explicit_sources(login, registry, args):
    server = registry()
    login(*args, server.host, env={"A_TOKEN": TOKEN, "WHO": USER},
          stdin=LINE).failed(2, "try 'ghcr-login --help'")
    assert server.connections == 0


@pytest.mark.parametrize("args", [
    ["-p", TOKEN], [f"-p{TOKEN}"], ["--password", TOKEN], [f"--password={TOKEN}"],
], ids=["-p VALUE", "-pVALUE", "--password VALUE", "--password=VALUE"])
def test_the_token_is_refused_as_an_argument(login, registry, args):
    login.protect(TOKEN)
    server = registry()
    result = login("-u", USER, *args, "--cacert", login.ca_file, server.host)
    result.failed(2, "command line", "--token-env")
    assert server.connections == 0
