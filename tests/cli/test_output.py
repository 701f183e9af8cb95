"""What the program prints, for people and for scripts."""

import json
import re

import pytest

import faults
from certs import CertificateAuthority
from harness import FINE_GRAINED, OTHER_TOKEN, STATELESS, TOKEN, USER, basic
from spellings import cut, spell

KEY_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
SUCCESS = {"result", "changed", "registry", "username", "verified", "files", "images", "token",
           "warnings"}


def test_one_line_of_success(login, registry):
    server = registry()
    result = login.to(server).succeeded()
    for word in (server.host, USER, str(login.config)):
        assert word in result.stdout


def test_one_line_of_failure_and_a_hint(login, registry):
    result = login.to(registry(), token=OTHER_TOKEN).failed(4)
    lines = result.stderr.splitlines()
    assert lines[0].startswith("ghcr-login: ")
    assert len(lines) <= 2 and all(line.startswith("hint: ") for line in lines[1:])


def test_json_of_a_success(login, registry):
    server = registry()
    result = login.to(server, "--json")
    assert (result.status, result.stderr) == (0, "")
    said = result.json
    assert said.keys() == SUCCESS
    assert said["result"] == "stored" and said["changed"] is True and said["verified"] is True
    assert (said["registry"], said["username"]) == (server.host, USER)
    assert said["files"] == [{"path": str(login.config), "format": "docker", "store": "file",
                              "changed": True}]
    assert (said["images"], said["warnings"]) == ([], [])
    assert said["token"].keys() == {"kind", "source", "expires_at", "scopes"}


@pytest.mark.parametrize("token, kind", [
    (TOKEN, "classic"), (FINE_GRAINED, "fine-grained"), (STATELESS, "installation")])
def test_json_names_the_kind_of_a_github_token(ghcr, token, kind):
    ghcr.registry.token = token
    said = ghcr("-u", USER, "--json", env={"GHCR_TOKEN": token}).json
    assert said["token"] == {"kind": kind, "source": "env:GHCR_TOKEN", "expires_at": None,
                             "scopes": None}


def test_json_of_no_change(login, registry):
    server = registry()
    login.to(server).succeeded()
    said = login.to(server, "--json").json
    assert (said["result"], said["changed"]) == ("unchanged", False)
    assert said["files"][0]["changed"] is False


FAILURES = {
    "usage": (2, ["--token-env", "A_TOKEN", "--password-stdin"], None),
    "credential": (3, ["--token-env", "UNSET"], None),
    "rejected": (4, ["--token-env", "A_TOKEN"], ("token", faults.answer(401))),
    "unreachable": (5, ["--token-env", "A_TOKEN", "--timeout", "1"], ("ping", faults.silence())),
    "unproved": (6, ["--token-env", "A_TOKEN"], ("ping", faults.answer(200))),
    "authfile": (8, ["--token-env", "A_TOKEN", "--config", "/dev/null"], None),
}


@pytest.mark.parametrize("name", FAILURES)
def test_json_of_a_failure(login, registry, name):
    status, args, fault = FAILURES[name]
    server = registry()
    if fault:
        server.on(*fault)
    result = login("-u", USER, "--json", "--cacert", login.ca_file, *args, server.host,
                   env={"A_TOKEN": TOKEN})
    assert result.status == status, result
    said = result.json
    assert (said["result"], said["changed"]) == ("failed", False)
    assert said["error"]["class"] == name and said["error"]["status"] == status
    assert said["error"]["message"] and "hint" in said["error"]
    assert "\n" not in said["error"]["message"]


def test_json_is_valid_whatever_the_server_says(login, registry):
    server = registry()
    body = b'{"errors":[{"code":"DENIED","message":"a\\"b\\\\\\u0007\\u001b[31m\\n' \
           + "\u00b5".encode() + b'"}]}'
    server.on("token", faults.answer(403, body))
    said = login.to(server, "--json").json
    assert said["error"]["class"] == "rejected"
    server.on("token", faults.answer(401, b"\xff\xfe<\x1b[31m>"))
    assert login.to(server, "--json").json["error"]["class"] == "rejected"


def test_server_text_is_harmless_on_a_terminal(login, registry):
    server = registry()
    server.on("token", faults.answer(403, b'{"errors":[{"code":"DENIED","message":'
                                          b'"\\u001b]0;x\\u0007\\n\\rsecond\\u009b31m"}]}'))
    result = login.to(server).failed(4)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.stderr)
    assert all(line.startswith(("ghcr-login: ", "hint: ")) for line in result.stderr.splitlines())


ECHOES = {
    "the token": TOKEN.encode(),
    "the header": basic(USER, TOKEN).encode(),
    "the auth value": basic(USER, TOKEN)[6:].encode(),
    "the token, escaped": "".join(f"\\u{ord(c):04x}" for c in TOKEN).encode(),
    "the token after an escape": b"\\t\\u0007" + TOKEN.encode(),
}


@pytest.mark.parametrize("word", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("body", [b'{"errors":[{"code":"DENIED","message":"bad: %s"}]}',
                                  b'{"errors":[{"code":"%s","message":"x"}]}',
                                  b'{"details":"bad: %s"}', b"bad: %s"],
                         ids=["message", "code", "details", "text"])
@pytest.mark.parametrize("endpoint", ["token", "ping2"])
def test_a_secret_that_the_server_repeats_is_not_shown(login, registry, endpoint, body, word):
    """Some servers repeat the request in their error; a log would then hold the token."""
    server = registry()
    server.on(endpoint, faults.answer(403, body % word))
    login.to(server, "-v", "--json").json["error"]["message"]


def says_in_json(word):
    return json.dumps({"errors": [{"code": "DENIED", "message": f"bad: {word}"}]}).encode()


@pytest.mark.parametrize("name", spell(TOKEN))
@pytest.mark.parametrize("place", ["token", "ping2", "manifest", "text"])
def test_no_spelling_of_the_credential_is_shown(login, registry, place, name):
    """Cut by a byte at an end, too: what is missing is soon tried."""
    for part in cut(TOKEN):
        said = spell(part, USER)[name]
        server = registry(images={"octo/app:1": "private"})
        body = f"bad: {said}\n".encode() if place == "text" else says_in_json(said)
        endpoint = "token" if place == "text" else place
        server.on(endpoint, faults.answer(403, body))
        result = login.to(server, "-v", "--can-pull", f"{server.host}/octo/app:1")
        assert result.status in (4, 6, 7), result
        assert said not in result.stdout + result.stderr and "not shown" in result.stderr, result


def test_names_in_a_service_account_s_key_are_shown(login, registry):
    """Its secret is the key; which account may not do what is what somebody has to know."""
    key = json.dumps({"type": "service_account", "project_id": "harvest-moon-4711",
                      "private_key": "-----BEGIN PRIVATE KEY-----\n" + KEY_LINE + "\n",
                      "client_email": "puller@harvest-moon-4711.iam.example"})
    server = registry(token=key)
    server.on("token", faults.answer(403, says_in_json(
        "puller@harvest-moon-4711.iam.example has no right in project harvest-moon-4711")))
    result = login.to(server)
    assert result.status == 4 and "puller@harvest-moon-4711.iam.example" in result.stderr, result
    other = registry(token=key)
    other.on("token", faults.answer(403, says_in_json(f"odd key {KEY_LINE}")))
    result = login.to(other)
    assert result.status == 4 and KEY_LINE not in result.stderr, result


@pytest.mark.parametrize("args", [[], ["-v"]], ids=["silent", "verbose"])
def test_an_issuer_that_is_named_like_the_credential(login, registry, tmp_path_factory, args):
    """Whose certificate it is stands in the error, and in each line of --verbose."""
    authority = CertificateAuthority(tmp_path_factory.mktemp("other"), name=TOKEN)
    server = registry(certificate=authority.issue("localhost", "127.0.0.1"))
    login.to(server, "--retries", "0", *args).failed(5, "contains the credential")


@pytest.mark.parametrize("member", ["refresh_token", "access_token", "token"])
def test_no_token_that_the_server_gave_is_shown(login, registry, member):
    given = "Zm9yIG5vYm9keQ.another-token-of-the-server"
    login.protect(given)
    server = registry()
    server.on("token", faults.answer(200, json.dumps({"token": "a-bearer", member: given}).encode()))
    server.on("ping2", faults.answer(403, says_in_json(given)))
    login.to(server, "-v").failed(4, "not shown")


def test_a_path_that_holds_the_credential(login, registry):
    """A success names the file."""
    server = registry(token="an-uncommon-password")
    name = "an%2Duncommon%2Dpassword"
    for args in ([], ["--json"]):
        result = login.to(server, *args, env={"DOCKER_CONFIG": login.home / name}, may_store=True)
        assert result.status == 0 and "(hidden: contains a credential)" in result.stdout
        assert name not in result.stdout + result.stderr


@pytest.mark.parametrize("args", [[], ["--json"], ["--all"], ["--all", "--json"]], ids=str)
def test_a_token_for_a_user_name(login, registry, args):
    """As git takes it: the token, and for its password what GitHub ignores."""
    server = registry(certificate=None)
    login.protect(TOKEN)
    login.write_config(json.dumps({"auths": {
        server.host: {"auth": basic(TOKEN, "x-oauth-basic").split()[1]}}}))
    result = login("status", "--no-verify", *args, *([] if "--all" in args else [server.host]))
    assert result.status == 0 and "(hidden" in result.stdout, result


@pytest.mark.parametrize("name", spell(TOKEN))
def test_words_of_the_environment_are_no_way_out(login, registry, name):
    """A file named after the token, a proxy: what is said of them goes through the same gate."""
    said = spell(TOKEN[1:], USER)[name].replace("/", "-")
    result = login.to(registry(), env={"DOCKER_CONFIG": f"/proc/{said}"})
    assert result.status == 8 and "contains the credential" in result.stderr, result
    assert said not in result.stdout + result.stderr, result


@pytest.mark.parametrize("flag", ["-q", "--quiet"])
def test_quiet(login, registry, flag):
    """Silent on success; a failure still says why."""
    server = registry()
    result = login.to(server, flag)
    assert (result.status, result.stdout, result.stderr) == (0, "", "")
    assert login.entry(server.host) == f"{USER}:{TOKEN}"
    assert login.to(server, flag, token=OTHER_TOKEN).failed(4).stderr


@pytest.mark.parametrize("flag", ["-v", "--verbose"])
def test_verbose_shows_no_secret(login, registry, flag):
    """The harness searches what it prints, also when the token is refused."""
    server = registry()
    result = login.to(server, flag)
    assert result.status == 0 and result.stdout.startswith("Login Succeeded")
    assert result.stdout.count("\n") == 1
    assert login.to(server, flag, token=OTHER_TOKEN).status == 4


@pytest.mark.parametrize("args", [["-h"], ["--help"], ["help"], ["--help", "ghcr.io"],
                                  ["help", "help"], ["help", "version"]], ids=" ".join)
def test_help_is_one_screen(login, args):
    """Usage, the options that most people need, examples, statuses, and where to read more."""
    result = login(*args)
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: ghcr-login [login] ")
    assert re.findall(r"^  .{4}--([a-z-]+)", result.stdout, re.MULTILINE) == [
        "username", "password-stdin", "token-file", "podman", "can-pull"]
    for word in ("Examples:", "Exit status: 0 done", "help COMMAND", "help all", "man ghcr-login"):
        assert word in result.stdout
    lines = result.stdout.splitlines()
    assert len(lines) <= 30 and max(map(len, lines)) <= 100


@pytest.mark.parametrize("args", [["--help", "all"], ["-h", "all"], ["help", "all"],
                                  ["status", "--help", "all"]], ids=" ".join)
def test_help_of_everything(login, args):
    result = login(*args)
    assert (result.status, result.stderr) == (0, "")
    for word in ("ghcr-login", "--password-stdin", "--token-env", "--token-file", "--username",
                 "--json", "--config", "--if-refused", "$GHCR_TOKEN", "Exit status: 0 done"):
        assert word in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


VALUES = {"SECONDS": "1", "N": "1"}


@pytest.mark.parametrize("command", ["login", "status", "logout", "exec"])
def test_help_of_a_command(login, command):
    """It shows the options that the command takes, and no other."""
    shown = login(command, "--help")
    assert (shown.status, shown.stderr) == (0, "")
    assert shown.stdout == login("help", command).stdout == login("--help", command).stdout
    assert re.match(rf"usage: ghcr-login \[?{command}\]? ", shown.stdout)
    assert max(map(len, shown.stdout.splitlines())) <= 100
    option = re.compile(r"^  .{4}--([a-z-]+)(?: ([A-Z]+))?  ", re.MULTILINE)
    named = {name for name, _ in option.findall(shown.stdout)}
    everything = option.findall(login("help", "all").stdout)
    assert named < {name for name, _ in everything}
    for name, kind in everything:
        value = [VALUES.get(kind, "x")] if kind else []
        result = login(command, f"--{name}", *value, "--help")
        is_refused = f"--{name} cannot be used with '{command}'" in result.stderr
        assert is_refused == (name not in named), result


def test_version(login):
    result = login("--version")
    assert (result.status, result.stderr) == (0, "")
    assert re.fullmatch(r"ghcr-login \d+\.\d+\.\d+ libcurl/\d+\.\d+\.\d+\S* \w+/\d\S*\n",
                        result.stdout)


USAGE = {
    "unknown option": ["--no-such-option"],
    "unknown short option": ["-Z"],
    "missing argument": ["-u"],
    "two registries": ["ghcr.io", "registry.example"],
    "bad number": ["--timeout", "soon"],
    "negative number": ["--timeout", "-1"],
    "number with rest": ["--timeout", "5s"],
    "huge number": ["--timeout", "99999999999999999999"],
    "no time at all": ["--timeout", "0"],
    "argument for a flag": ["--json=yes"],
    "bad port": ["ghcr.io:port"],
    "registry with a blank": ["ghcr .io"],
    "empty registry": [""],
    "an image": ["ghcr.io/owner/image:1"],
}


@pytest.mark.parametrize("args", USAGE.values(), ids=USAGE)
def test_mistakes(login, args):
    """A proxy that is not there keeps a mistake that is let through off the network."""
    result = login("--password-stdin", *args, stdin=TOKEN.encode(),
                   env={"https_proxy": "http://127.0.0.1:1", "GITHUB_ACTOR": USER})
    lines = result.failed(2).stderr.splitlines()
    assert lines[-1] == "try 'ghcr-login --help'"
    assert all(line.startswith("hint: ") for line in lines[1:-1]) and len(lines) <= 3


def test_the_subcommand_may_be_named(login, registry):
    server = registry()
    login("login", "-u", USER, "--password-stdin", "--cacert", login.ca_file, server.host,
          stdin=TOKEN.encode()).succeeded()


def test_options_may_follow_the_registry(login, registry):
    server = registry()
    login(server.host, "-u", USER, "--password-stdin", "--cacert", login.ca_file,
          stdin=TOKEN.encode()).succeeded()


def test_json_is_one_object_on_one_stream(login, registry):
    text = login.to(registry(), "--json", "-v").stdout
    json.loads(text)
    assert text.endswith("\n")
