"""A file that hands the registry to a credential helper: docker would not look at an entry in it."""

import base64
import json

import pytest

from harness import OTHER_TOKEN, TOKEN, USER, auth
from spellings import cut, spell
from helpers import Helper

DOCKER, PODMAN = ".docker/config.json", ".config/containers/auth.json"
FORMATS = {"docker": ([], DOCKER), "podman": (["--persistent"], PODMAN)}


@pytest.fixture
def helper(login):
    return Helper(login)


# What the file says, and whether docker and podman then ask the helper.
HELPERS = {
    "credsStore": ('{"credsStore":"fake"}', True, False),
    "credHelpers": ('{"credHelpers":{"HOST":"fake"}}', True, True),
    "credHelpers before credsStore": (
        '{"credsStore":"other","credHelpers":{"HOST":"fake"}}', True, True),
    "credHelpers of another host": ('{"credHelpers":{"other.example":"fake"}}', False, False),
    "credHelpers, empty": ('{"credHelpers":{"HOST":""}}', False, None),
    "credHelpers, empty, and credsStore": (
        '{"credsStore":"fake","credHelpers":{"HOST":""}}', False, None),
    "credsStore, empty": ('{"credsStore":""}', False, False),
    "credsStore, null": ('{"credsStore":null,"credHelpers":null}', False, False),
    "in another case": ('{"credsstore":"fake"}', True, False),
    "with an entry there": ('{"credsStore":"fake","auths":{"HOST":{"auth":"YTpi"}}}', True, False),
    "with this very entry": (
        '{"credsStore":"fake","auths":{"HOST":{"auth":"AUTH"}}}', True, False),
    "with a marker": ('{"credsStore":"fake","auths":{"HOST":{}}}', True, False),
}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("text, docker, podman", HELPERS.values(), ids=HELPERS)
def test_who_keeps_it(login, server, helper, text, docker, podman, format_):
    """podman knows credHelpers and not credsStore, and takes an empty name for a helper's."""
    args, file = FORMATS[format_]
    asks = {"docker": docker, "podman": podman}[format_]
    text = text.replace("HOST", server.host).replace("AUTH", auth(USER, TOKEN))
    path = login.put(file, text)
    result = login.to(server, *args, "--json", env=helper.environment)
    if asks is None:
        assert result.status == 9 and str(path) in result.stderr
        assert "--no-helper" in result.stderr and server.connections == 0
        return
    assert (result.status, result.stderr) == (0, "")
    (said,) = result.json["files"]
    assert said["store"] == ("helper:fake" if asks else "file") and said["path"] == str(path)
    if not asks:
        assert helper.calls == [] and login.entry(server.host, path) == f"{USER}:{TOKEN}"
        return
    assert helper.stored == {server.host: (USER, TOKEN)}
    if format_ == "docker":
        assert json.loads(path.read_text()).get("auths") == {server.host: {}}
    else:
        assert path.read_text() == text


def test_the_file_gets_a_marker_as_docker_leaves_it_and_nothing_else(login, server, helper):
    login.write_config('{\n\t"credsStore": "fake",\n\t"psFormat": "x"\n}')
    login.to(server, env=helper.environment).succeeded()
    assert login.config.read_text() == (
        '{\n\t"credsStore": "fake",\n\t"psFormat": "x",\n\t"auths": {\n\t\t"%s": {}\n\t}\n}'
        % server.host)


def test_the_same_again_changes_nothing(login, server, helper):
    login.write_config('{"credsStore":"fake"}')
    login.to(server, env=helper.environment).succeeded()
    before = login.config.stat()
    result = login.to(server, "--json", env=helper.environment)
    assert (result.json["result"], result.json["changed"]) == ("unchanged", False)
    assert helper.calls.count(f"store {server.host}") == 1
    assert login.config.stat().st_mtime_ns == before.st_mtime_ns
    said = login.to(server, env=helper.environment).succeeded().stdout
    assert f"already stored in the credential helper 'fake' of '{login.config}'" in said


def test_another_credential_replaces_it(login, server, helper):
    login.write_config('{"credsStore":"fake"}')
    for user in ("somebody", USER):
        server.user = user
        login.to(server, user=user, env=helper.environment).succeeded()
    assert helper.stored == {server.host: (USER, TOKEN)}


def test_a_missing_marker_is_a_change(login, server, helper):
    """The helper has it, and docker's own list of logins does not."""
    login.write_config('{"credsStore":"fake"}')
    login.to(server, env=helper.environment).succeeded()
    login.write_config('{"credsStore":"fake"}')
    assert login.to(server, "--json", env=helper.environment).json["result"] == "stored"
    assert helper.calls.count(f"store {server.host}") == 1


FAULTS = {
    "refuses to get": ({"get": "refuse"}, 9, "the vault is locked", 0),
    "hangs": ({"get": "hang"}, 9, "hint: the helper may be waiting for its store to be unlocked: "
              "unlock the store first, or log in with --no-helper", 0),
    "answers nonsense": ({"get": "garble"}, 9, "repair the helper, or log in with --no-helper", 0),
    "refuses to store": ({"store": "refuse"}, 9, "failed with status 1", 1),
    "hangs at storing": ({"store": "hang"}, 9, "timed out", 1),
    "forgets": ({"store": "forget"}, 9, "did not keep", 1),
}


@pytest.mark.parametrize("faults, status, words, is_late", FAULTS.values(), ids=FAULTS)
def test_one_that_does_not_work(login, server, helper, faults, status, words, is_late):
    """What can be told before anything is sent is."""
    login.write_config('{"credsStore":"fake"}')
    helper.spoil(**faults)
    result = login.to(server, "--timeout", "3" if "hang" in faults.values() else "20",
                      env=helper.environment)
    result.failed(status, words, "hint: ", "--no-helper")
    assert (server.connections > 0) is bool(is_late)
    assert helper.stored == {}
    login.to(server, "--no-helper", env=helper.environment).succeeded()


@pytest.mark.parametrize("format_", FORMATS)
def test_an_absent_one(login, server, format_):
    args, file = FORMATS[format_]
    path = login.put(file, '{"credHelpers":{"%s":"ecr-login"}}' % server.host)
    for more in ([], ["--dry-run"], ["--no-verify"]):
        login.to(server, *args, *more).failed(
            9, str(path), "cannot find 'docker-credential-ecr-login' on PATH", "hint: ",
            "--no-helper")
    assert server.connections == 0


@pytest.mark.parametrize("name", ["../x", "a/b", "x" * 300])
def test_a_name_that_leads_elsewhere(login, server, name):
    login.write_config(json.dumps({"credsStore": name}))
    login.to(server).failed(9, "is not a valid credential helper name",
                           'hint: correct "credsStore" or "credHelpers" in the auth file')
    assert server.connections == 0


def test_no_helper_tells_docker_to_read_the_file(login, server, helper):
    login.write_config('{"credsStore":"fake","credHelpers":{"other.example":"x"}}')
    assert login.to(server, "--no-helper", "--json").json["files"][0]["store"] == "file"
    stored = json.loads(login.config.read_text())
    assert stored == {"credsStore": "fake", "credHelpers": {"other.example": "x", server.host: ""},
                      "auths": {server.host: {"auth": auth(USER, TOKEN)}}}
    assert helper.calls == []
    for args in (["--no-helper"], []):      # from now on with and without it
        assert login.to(server, *args, "--json").json["result"] == "unchanged"


def test_no_helper_names_the_registry_no_more(login, server):
    """What sends docker to the file is a helper's name to others; without a store it needs none."""
    login.write_config('{"credHelpers":{"%s":"gone","other.example":"x"}}' % server.host)
    login.to(server, "--no-helper").succeeded()
    assert json.loads(login.config.read_text()) == {
        "credHelpers": {"other.example": "x"},
        "auths": {server.host: {"auth": auth(USER, TOKEN)}}}


def test_no_helper_takes_the_registry_out_of_podman_s_list(login, server):
    path = login.put(PODMAN, '{"credHelpers":{"%s":"gone","other.example":"x"}}' % server.host)
    login.to(server, "--persistent", "--no-helper").succeeded()
    assert json.loads(path.read_text()) == {
        "credHelpers": {"other.example": "x"},
        "auths": {server.host: {"auth": auth(USER, TOKEN)}}}


def test_no_helper_changes_no_file_that_names_none(login, server):
    login.write_config('{"psFormat":"x"}')
    login.to(server, "--no-helper").succeeded()
    assert "credHelpers" not in json.loads(login.config.read_text())


def test_podman_alone_in_docker_s_file(login, server, helper):
    """podman does not look into credsStore, whoever's file it is."""
    login.write_config('{"credsStore":"fake"}')
    login.to(server, "--podman", env={**helper.environment, "DOCKER_CONFIG": login.config.parent})
    assert helper.calls == [] and login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("config, args, words", [
    ('{"credsStore":"fake"}', [], ["podman", "does not see", "'fake'"]),
    ('{"credHelpers":{"HOST":"fake"}}', [], None),
    ('{"credsStore":"fake"}', ["--no-helper"], ["podman finds nothing", "credHelpers", "empty name"]),
    ('{}', [], None)], ids=["credsStore", "credHelpers", "bypassed", "none"])
def test_the_file_of_both(login, server, helper, config, args, words):
    """Docker and podman do not agree on what stands in the way to an entry."""
    login.write_config(config.replace("HOST", server.host))
    said = login.to(server, "--docker", "--podman", *args, "--json", env={
        **helper.environment, "DOCKER_CONFIG": login.config.parent})
    assert said.status == 0, said
    assert len(said.json["warnings"]) == (words is not None), said
    for word in words or []:
        assert word in said.json["warnings"][0], said


@pytest.mark.parametrize("args", [["--podman"], ["--docker", "--podman"]], ids=" ".join)
def test_past_a_helper_in_a_file_that_podman_reads(login, server, args):
    """The empty name that sends docker to the file is a helper's to podman."""
    login.write_config('{"credHelpers":{"%s":"nowhere"}}' % server.host)
    env = {"DOCKER_CONFIG": login.config.parent}
    assert login.to(server, *args, "--no-helper", env=env).stderr == ""
    assert json.loads(login.config.read_text())["credHelpers"] == {}
    assert login("status", "--plain-http", "--podman", server.host, env=env).status == 0


HUB = "https://index.docker.io/v1/"


@pytest.mark.parametrize("asked, args, words", [
    ("docker.io", ["--podman"], None), (HUB, ["--docker"], None),
    (HUB, ["--docker", "--podman"], ["does not see", "'docker.io'"])],
    ids=["podman's", "docker's", "both"])
def test_docker_hub_s_helper(login, helper, asked, args, words):
    """Docker names it by the key, podman by the registry; in one file, too."""
    login.write_config('{"credHelpers":{"%s":"fake"}}' % asked)
    said = login("-u", USER, "--password-stdin", "--no-verify", *args, "--json", "docker.io",
                 stdin=TOKEN.encode(),
                 env={**helper.environment, "DOCKER_CONFIG": login.config.parent})
    assert said.status == 0 and helper.stored == {asked: (USER, TOKEN)}, said
    found = [each for each in said.json["warnings"] if "podman" in each]
    assert len(found) == (words is not None), said
    for word in words or []:
        assert word in found[0]
    assert login("logout", *args, "docker.io", env={
        **helper.environment, "DOCKER_CONFIG": login.config.parent}).status == 0
    assert helper.stored == {}


@pytest.mark.parametrize("asked, args", [(HUB, ["--podman"]), ("docker.io", ["--docker"])])
def test_docker_hub_s_helper_of_the_other(login, helper, asked, args):
    login.write_config('{"credHelpers":{"%s":"fake"}}' % asked)
    assert login("-u", USER, "--password-stdin", "--no-verify", *args, "docker.io",
                 stdin=TOKEN.encode(), env={
                     **helper.environment, "DOCKER_CONFIG": login.config.parent}).status == 0
    assert helper.calls == [] and login.entry(HUB) == f"{USER}:{TOKEN}"


def test_docker_hub_s_helper_of_podman_in_a_file_of_both(login, helper):
    helper.put({"docker.io": ("alice", OTHER_TOKEN)})
    login.write_config('{"credHelpers":{"docker.io":"fake"}}')
    env = {**helper.environment, "DOCKER_CONFIG": login.config.parent}
    said = login("-u", USER, "--password-stdin", "--no-verify", "--docker", "--podman", "--json",
                 "docker.io", stdin=TOKEN.encode(), env=env)
    assert said.status == 0 and login.entry(HUB) == f"{USER}:{TOKEN}"
    assert any("podman asks" in each and "'fake'" in each for each in said.json["warnings"]), said
    result = login("logout", "--docker", "--podman", "docker.io", env=env)
    assert result.status == 0 and result.stderr == "" and helper.stored == {}, result
    said = login("-u", USER, "--password-stdin", "--no-verify", "--docker", "--podman", "--json",
                 "--no-helper", "docker.io", stdin=TOKEN.encode(), env=env)
    assert said.status == 0 and said.json["warnings"] == [], said
    assert json.loads(login.config.read_text())["credHelpers"] == {}


@pytest.mark.parametrize("named", ["", "nowhere"])
def test_podman_s_other_name_is_in_no_logout_s_way(login, helper, named):
    login.write_config(json.dumps({"auths": {HUB: {"auth": auth(USER, TOKEN)}},
                                   "credHelpers": {"docker.io": named}}))
    result = login("logout", "--docker", "--podman", "docker.io", may_store=True,
                   env={**helper.environment, "DOCKER_CONFIG": login.config.parent})
    assert result.status == (9 if named else 0), result
    if not named:
        assert f"removed from '{login.config}'" in result.stdout, result


@pytest.mark.parametrize("stored", [{}, {"docker.io": ("alice", OTHER_TOKEN)}], ids=str)
def test_what_goes_from_the_file_is_not_said_to_go_from_podman_s_helper(login, helper, stored):
    helper.put(stored)
    login.write_config(json.dumps({"auths": {HUB: {"auth": auth(USER, TOKEN)}},
                                   "credHelpers": {"docker.io": "fake"}}))
    result = login("logout", "--docker", "--podman", "docker.io", "--json",
                   env={**helper.environment, "DOCKER_CONFIG": login.config.parent})
    assert result.json["files"][0]["store"] == "file" and helper.stored == {}, result


@pytest.mark.parametrize("config, moved", [
    ('{"credsStore":"fake","credHelpers":{"HOST":"fake"}}', False),
    ('{"credsStore":"fake","credHelpers":{"HOST":"other"}}', True),
    ('{"credHelpers":{"HOST":"other"}}', False)])
def test_docker_comes_to_its_store(login, server, config, moved):
    login.write_config(config.replace("HOST", server.host))
    result = login.to(server, "--podman", "--no-helper", env={"DOCKER_CONFIG": login.config.parent})
    assert result.status == 0 and ('docker uses only the "credsStore" helper' in result.stderr) is moved


def test_the_empty_name_goes_where_podman_shares_the_file(login, server):
    login.write_config('{"credHelpers":{"%s":""}}' % server.host)
    env = {"DOCKER_CONFIG": login.config.parent}
    assert login.to(server, "--docker", "--podman", "--no-helper", env=env).stderr == ""
    assert json.loads(login.config.read_text())["credHelpers"] == {}
    login.write_config('{"credHelpers":{"%s":""}}' % server.host)
    assert login("logout", "--podman", server.host, env=env).status == 0


def test_past_podman_s_helper_docker_comes_to_its_store(login, server):
    login.write_config('{"credsStore":"fake","credHelpers":{"%s":"nowhere"}}' % server.host)
    result = login.to(server, "--podman", "--no-helper", env={"DOCKER_CONFIG": login.config.parent})
    assert result.status == 0 and 'docker uses only the "credsStore" helper' in result.stderr, result


@pytest.mark.parametrize("action", ["get", "erase"])
def test_its_words_repeat_the_token(login, server, helper, action):
    """The harness looks for it: whichever action failed, it is what the helper knows."""
    login.write_config('{"credsStore":"fake"}')
    login.to(server, env=helper.environment)
    program = helper.directory / "docker-credential-fake"
    program.write_text(program.read_text().replace(
        "with open(fault)", f"""if action == {action!r} and os.path.exists(log + ".now"):
    sys.exit("cannot unlock {TOKEN}")
with open(fault)""", 1))
    login.secret_file(program.read_bytes(), name=program.relative_to(login.directory), mode=0o755)
    (helper.directory / "fake.log.now").write_text("")
    if action == "get":
        result = login.to(server, env=helper.environment)
    else:
        result = login("logout", server.host, env=helper.environment, may_store=True)
    assert result.status == 9 and "contains the credential" in result.stderr, result


@pytest.mark.parametrize("name", spell(TOKEN))
def test_its_words_repeat_the_token_in_any_spelling(login, server, helper, name):
    login.write_config('{"credsStore":"fake"}')
    program = helper.directory / "docker-credential-fake"
    good = program.read_text()
    for part in cut(TOKEN):
        said = spell(part, USER)[name]
        program.write_text(good.replace("with open(fault)",
                                        f"sys.exit({said!r} + ' is locked')\nwith open(fault)", 1))
        login.secret_file(program.read_bytes(), name=program.relative_to(login.directory),
                          mode=0o755)
        result = login.to(server, env=helper.environment)
        assert result.status == 9 and "contains the credential" in result.stderr, result
        assert said not in result.stderr, result


def test_its_words_repeat_what_it_gave(login, server, helper):
    """Under one name of the registry it lets the token go, under the next it does not."""
    login.write_config('{"credsStore":"fake"}')
    login.to(server, env=helper.environment)
    helper.put({name: (USER, TOKEN) for name in (server.host, f"https://{server.host}")})
    program = helper.directory / "docker-credential-fake"
    program.write_text(program.read_text().replace(
        "with open(fault)", f"""if action == "erase" and server.startswith("https:"):
    sys.exit("cannot unlock {TOKEN}")
with open(fault)""", 1))
    login.secret_file(program.read_bytes(), name=program.relative_to(login.directory), mode=0o755)
    result = login("logout", server.host, env=helper.environment, may_store=True)
    assert result.status == 9 and "contains the credential" in result.stderr, result


@pytest.mark.parametrize("spelling", ["", "https://"])
def test_one_that_serves_one_spelling(login, server, helper, spelling):
    """As that of docker's own tests: docker's logout tries four, and is content with one."""
    login.write_config('{"credsStore":"fake","auths":{"%s":{}}}' % server.host)
    served = spelling + server.host
    helper.put({served: (USER, TOKEN)})
    helper.spoil(only=served)
    result = login("logout", server.host, "--json", env=helper.environment)
    assert (result.status, result.stderr) == (0, "") and result.json["changed"] is True, result
    assert helper.stored == {}
    assert json.loads(login.config.read_text())["auths"] == {}
    again = login("logout", server.host, "--json", env=helper.environment)
    assert again.status == 0 and again.json["changed"] is False, again


def test_one_that_serves_no_spelling(login, server, helper):
    login.write_config('{"credsStore":"fake","auths":{"%s":{}}}' % server.host)
    helper.spoil(only="other.example")
    result = login("logout", server.host, env=helper.environment)
    assert result.status == 9 and "failed with status 1: program failed" in result.stderr, result
    assert json.loads(login.config.read_text())["auths"] == {server.host: {}}


def test_one_that_answers_an_empty_object(login, server, helper):
    """For "none", as the helper of podman's own tests does."""
    login.write_config('{"credsStore":"fake"}')
    helper.spoil(get="empty")
    login.to(server, env=helper.environment).succeeded()
    assert helper.stored == {server.host: (USER, TOKEN)}
    assert login("logout", server.host, env=helper.environment).status == 0
    assert helper.stored == {}
    assert login("logout", server.host, env=helper.environment).status == 0
    assert login("status", "--docker", "--no-verify", server.host,
                 env=helper.environment).status == 3


@pytest.mark.parametrize("content, words, hint", [
    (b"\x7fELF" + bytes(60), "Exec format error", "for another architecture"),
    (b"echo it has no first line\n", "Exec format error", "for another architecture"),
    (b"#!/nowhere/interpreter\n", "No such file or directory",
     "the program's interpreter or loader is missing: install it, or log in with --no-helper")],
    ids=["foreign", "no-interpreter-line", "no-interpreter"])
def test_one_that_cannot_be_started(login, server, helper, content, words, hint):
    login.write_config('{"credsStore":"fake"}')
    (helper.directory / "docker-credential-fake").write_bytes(content)
    login.to(server, env=helper.environment).failed(
        9, "cannot start '", "docker-credential-fake'", words, "hint: ", hint, "--no-helper")
    assert server.connections == 0


def test_a_namespace_is_nothing_for_a_helper(login, server, helper):
    login.put(PODMAN, '{"credHelpers":{"%s":"fake"}}' % server.host)
    login("-u", USER, "--password-stdin", "--plain-http", "--persistent", f"{server.host}/owner",
          stdin=TOKEN.encode(), env=helper.environment).failed(9, "namespaces", "hint: ")
    assert server.connections == 0 and helper.calls == []


def test_the_helper_is_not_told_by_its_environment(login, server, helper):
    """The harness looks at its output; this looks at what it was given."""
    seen = login.secret_file(b"", name="helpers/environment")
    program = helper.directory / "docker-credential-fake"
    program.write_text(program.read_text().replace(
        "action, request", f"open({str(seen)!r}, 'a').write(repr(dict(os.environ)))\n"
        "action, request", 1))
    login.write_config('{"credsStore":"fake"}')
    forms = [TOKEN, auth(USER, TOKEN), base64.b64encode(TOKEN.encode()).decode()]
    env = {**helper.environment, "LINE": TOKEN + "\n", **dict(zip(("CR_PAT", "AUTH", "X"), forms))}
    login("-u", USER, "--token-env", "CR_PAT", "--plain-http", server.host, env=env).succeeded()
    login.to(server, env=env).succeeded()
    assert {call.split()[0] for call in helper.calls} == {"get", "store"}
    assert "PATH" in seen.read_text() and not any(form in seen.read_text() for form in forms)


def test_a_refused_token_does_not_reach_the_helper(login, server, helper):
    login.write_config('{"credsStore":"fake"}')
    login.to(server, token=OTHER_TOKEN, env=helper.environment).failed(4)
    assert helper.calls == [f"get {server.host}"] and helper.stored == {}


def test_a_read_only_marker(login, server, helper):
    """Nothing is stored in a helper where the marker could not be left."""
    login.write_config('{"credsStore":"fake"}', mode=0o400)
    login.config.parent.chmod(0o500)
    login.to(server, env=helper.environment, unprivileged=True).failed(8)
    assert helper.stored == {} and server.connections == 0
    login.config.parent.chmod(0o700)


def test_the_file_changes_hands_meanwhile(login, server, helper):
    """While the helper is given the credential the file is given to another."""
    program = helper.directory / "docker-credential-fake"
    program.write_text(program.read_text().replace(
        'if action == "store":', f"""if action == "store":
    open({str(login.config)!r}, "w").write('{{"credsStore":"other"}}')""", 1))
    login.write_config('{"credsStore":"fake"}')
    result = login.to(server, "--json", env=helper.environment, may_store=True)
    assert result.status == 9 and "now names" in result.stderr, result
    assert "hint: the file was changed during this login: log in again\n" in result.stderr
    assert "the credential helper 'fake' stored the credential, but the file is unchanged" in result.stderr, result
    assert json.loads(login.config.read_text()) == {"credsStore": "other"}
    assert result.json["result"] == "failed" and result.json["changed"] is True
