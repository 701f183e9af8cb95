"""status: which entry docker and podman use, and whether the registry takes it."""

import json

import pytest

import faults
from flavours import error
from harness import OTHER_TOKEN, TOKEN, USER, auth
from helpers import Helper

DOCKER, PODMAN = ".docker/config.json", ".config/containers/auth.json"
RUNTIME = "run/containers/auth.json"
GOOD, BAD = auth(USER, TOKEN), auth(USER, OTHER_TOKEN)


@pytest.fixture
def status(login, server):
    """Runs `status`; every secret that is stored anywhere is protected."""
    (login.home / "run").mkdir(mode=0o700)
    for secret in (TOKEN, OTHER_TOKEN):
        login.protect(secret)

    def run(*args, env=None, **how):
        env = {"XDG_RUNTIME_DIR": login.home / "run", **(env or {})}
        return login("status", "--plain-http", *args, server.host, env=env, **how)
    return run


@pytest.fixture
def put(login, server):
    """Writes an auth file, with HOST for the registry, and lets it hold what it holds."""
    def write(name, text):
        path = login.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = text.replace("HOST", server.host)
        if '"password"' in text:    # the one member but "auth" that rightly holds a token
            login.secret_file(text.encode(), name=path.relative_to(login.directory))
        path.write_text(text)
        path.chmod(0o600)
        login.mounted_files.add(path)
        return path
    return write


def one(key="HOST", value=GOOD, **more):
    return json.dumps({**more, "auths": {key: {"auth": value}}})


def readers(result):
    return {file["reader"]: (file["path"], file["key"], file["username"], file["verified"])
            for file in result.json["files"]}


def test_one_line_a_reader(login, server, status, put):
    put(DOCKER, one())
    put(RUNTIME, one())
    result = status()
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout == (
        f"{server.host}: docker uses '{server.host}' in '{login.config}' as {USER}: accepted\n"
        f"{server.host}: podman uses '{server.host}' in '{login.home / RUNTIME}' as {USER}: "
        "accepted\n")
    assert server.endpoints == ["ping", "token", "ping2"]       # once for both


def test_json(login, server, status, put):
    put(DOCKER, one())
    said = status("--json", "--docker").json
    assert said["result"] == "verified" and said["changed"] is False and said["verified"] is True
    assert said["username"] == USER and "error" not in said
    assert said["files"] == [{
        "path": str(login.config), "format": "docker", "store": "file", "changed": False,
        "reader": "docker", "key": server.host, "username": USER, "verified": True}]


# Where the entry stands, and who finds it there: the number of the file, or None.
PLACES = {
    "docker's file serves podman too": ([(DOCKER, one())], 0, 0),
    "podman's own come first": ([(DOCKER, one()), (PODMAN, one())], 0, 1),
    "its default before the persistent one": ([(PODMAN, one()), (RUNTIME, one())], None, 1),
    "persistent": ([(PODMAN, one())], None, 0),
    "docker's fallback: a scheme": ([(DOCKER, one("https://HOST"))], 0, 0),
    "a scheme and a path": ([(DOCKER, one("https://HOST/v2/"))], 0, 0),
    "http": ([(DOCKER, one("http://HOST"))], 0, 0),
    "a path: for docker the whole host": ([(DOCKER, one("HOST/owner"))], 0, None),
    "podman's file knows better": ([(PODMAN, one("HOST/owner"))], None, None),
    "another case": ([(DOCKER, '{"AUTHS":{"HOST":{"auth":"%s"}}}' % GOOD)], 0, 0),
    "another port": ([(DOCKER, one("HOST0"))], None, None),
    "name and password": ([(DOCKER, '{"auths":{"HOST":{"username":"%s","password":"%s"}}}' % (
        USER, TOKEN))], 0, None),
    "a marker alone ends the search": ([(DOCKER, json.dumps({"auths": {
        "HOST": {}, "https://HOST": {"auth": GOOD}}}))], None, None),
    "a marker, and podman's next file": ([(RUNTIME, '{"auths":{"HOST":{}}}'), (PODMAN, one())],
                                         None, 1),
    "credsStore is not podman's": ([(DOCKER, one(credsStore=""))], 0, 0),
}


@pytest.mark.parametrize("files, docker, podman", PLACES.values(), ids=PLACES)
def test_who_finds_what(login, status, put, files, docker, podman):
    paths = [str(put(name, text)) for name, text in files]
    result = status("--json", may_store=True)
    if docker is None and podman is None:
        assert result.status == 3 and result.json["error"]["class"] == "credential"
        assert "neither docker nor podman finds" in result.stderr
        return
    assert result.status == 0, result
    found = {reader: path for reader, (path, _, user, verified) in readers(result).items()
             if user == USER and verified}
    assert found == {reader: paths[i] for reader, i in (("docker", docker), ("podman", podman))
                     if i is not None}


def test_podman_s_namespaces(login, server, status, put):
    put(PODMAN, json.dumps({"auths": {
        "HOST": {"auth": auth("whole", TOKEN)}, "HOST/owner": {"auth": auth(USER, TOKEN)}}}))
    for name, key in ((f"{server.host}/owner", f"{server.host}/owner"),
                      (f"{server.host}/owner/image", f"{server.host}/owner"),
                      (f"{server.host}/other", server.host)):
        result = login("status", "--plain-http", "--podman", "--no-verify", "--json", name)
        assert readers(result)["podman"][1] == key
    result = status("--persistent", "--no-verify")
    assert f"'{server.host}/owner', which podman uses for images below it" in result.stderr


def test_a_variable_and_the_file_beside_it_are_told(login, server, status, put):
    path = put(DOCKER, one(value=auth("other", OTHER_TOKEN)))
    env = {"DOCKER_AUTH_CONFIG": one().replace("HOST", server.host)}
    name = f"{server.host}: docker"
    assert status("--docker", env=env).stdout == (
        f"{name} 28.3 and newer uses '{server.host}' in DOCKER_AUTH_CONFIG as {USER}: accepted\n"
        f"{name} before 28.3 uses '{server.host}' in '{path}' as other: not verified\n")
    put(DOCKER, one())
    assert status("--docker", env=env).stdout.count(": accepted\n") == 2
    path.unlink()
    assert status("--docker", env=env).stdout.count("\n") == 1


def test_podman_s_last_file(login, server, status, put):
    """Docker's of old, without "auths"; docker itself reads it no more."""
    path = put(".dockercfg", '{"https://HOST/v1/":{"auth":"%s","email":"a@b.c"}}' % GOOD)
    result = status()
    assert result.status == 0 and result.stdout == (
        f"{server.host}: docker finds no credential\n"
        f"{server.host}: podman uses 'https://{server.host}/v1/' in '{path}' as {USER}: accepted\n")
    put(".dockercfg", '{"HOST/v1":{"auth":"%s"}}' % GOOD)      # the host of it, not a namespace
    assert readers(status("--podman", "--json"))["podman"][1] == f"{server.host}/v1"
    put(DOCKER, one(value=BAD))
    assert readers(status("--podman", "--json"))["podman"][0] == str(login.config)
    login.config.unlink()
    for blank in ("", "{}", " \n"):
        put(".dockercfg", blank)
        status().failed(3)
    put(".dockercfg", "[")
    status("--podman").failed(8, str(path))


def test_a_variable_is_docker_s_first(login, server, status, put):
    put(DOCKER, one(value=BAD))
    env = {"DOCKER_AUTH_CONFIG": one().replace("HOST", server.host)}
    result = status("--docker", env=env)
    assert result.status == 0 and " in DOCKER_AUTH_CONFIG as " in result.stdout
    assert "warning: DOCKER_AUTH_CONFIG is set" in result.stderr
    result = status("--docker", "--json", env=env)
    assert result.json["files"][0]["path"] is None
    for broken in ("{", '{"auths":{"%s":{}}}' % server.host, one("other")):
        assert status("--docker", env={"DOCKER_AUTH_CONFIG": broken}).status == 4


@pytest.mark.parametrize("config, docker, podman", [
    ('{"credsStore":"fake"}', True, False), ('{"credHelpers":{"HOST":"fake"}}', True, True),
    ('{"credsStore":"fake","credHelpers":{"HOST":""}}', False, None)])
def test_helpers(login, server, status, put, config, docker, podman):
    helper = Helper(login, stored={server.host: (USER, TOKEN)})
    put(DOCKER, config)
    for reader, asks in (("docker", docker), ("podman", podman)):
        result = status(f"--{reader}", "--json", env=helper.environment)
        if asks is None:
            assert result.status == 9
        elif asks:
            assert result.json["files"][0]["store"] == "helper:fake", result
            assert result.json["files"][0]["verified"] is True
        else:
            assert result.status == 3, result
    if docker:
        said = status("--docker", env=helper.environment).stdout
        assert said == (f"{server.host}: docker uses '{server.host}' of the credential helper "
                        f"'fake', set in '{login.config}', as {USER}: accepted\n")


@pytest.mark.parametrize("fault", ["refuse", "garble"])
def test_a_helper_that_does_not_work(login, status, put, fault):
    helper = Helper(login)
    helper.spoil(get=fault)
    path = put(DOCKER, '{"credsStore":"fake"}')
    status("--docker", env=helper.environment).failed(9, str(path), "hint: ")
    put(DOCKER, '{"credsStore":"absent"}')
    status("--docker").failed(9, "cannot find 'docker-credential-absent' on PATH", "hint: ")


@pytest.mark.parametrize("args", [[], ["--no-verify"], ["--json"]])
def test_none(status, args):
    result = status(*args)
    assert result.status == 3 and "hint: store one: ghcr-login" in result.stderr
    assert status("--podman").failed(3, "podman finds no credential")


def test_the_other_of_both_is_shown_when_one_is_refused(login, server, status, put):
    put(DOCKER, one(value=BAD))
    put(RUNTIME, one())
    result = status()
    assert result.status == 4 and result.stderr.startswith("ghcr-login: docker: ")
    assert [line.rpartition(": ")[2] for line in result.stdout.splitlines()] == [
        "refused", "accepted"]
    result = status("--json")
    assert result.json["verified"] is False and result.json["error"]["status"] == 4
    assert {name: each[3] for name, each in readers(result).items()} == {
        "docker": False, "podman": True}
    put(DOCKER, one())
    put(RUNTIME, one(value=BAD))
    result = status()
    assert result.status == 4 and result.stderr.startswith("ghcr-login: podman: ")
    assert status("--docker").status == 0


def test_both_refused_is_one_fault(status, put):
    put(DOCKER, one(value=BAD))
    result = status()
    assert result.status == 4 and result.stdout.count(": refused\n") == 2
    assert len(result.stderr.splitlines()) == 2 and "hint: " in result.stderr


def test_a_file_that_both_read_is_one_fault(status, put):
    put(DOCKER, "{")
    result = status()
    assert result.status == 8 and "podman" not in result.stderr


def test_a_registry_that_cannot_be_asked_is_one_fault(server, status, put):
    """Whatever each reader would have shown it."""
    put(DOCKER, one())
    put(RUNTIME, one(value=BAD))
    server.on("token", faults.answer(503))
    result = status("--retries", "0")
    assert result.status == 5 and result.stdout.count(": nothing proved\n") == 2
    assert "podman" not in result.stderr


@pytest.mark.parametrize("broken", [DOCKER, RUNTIME])
def test_a_malformed_file(status, put, broken):
    """It is one reader's fault; the other one is told all the same."""
    path = put(broken, "{")
    put(RUNTIME if broken == DOCKER else DOCKER, one())
    result = status()
    assert result.status == 8 and str(path) in result.stderr
    assert result.stdout.count("accepted") == 1 and result.stdout.count("\n") == 1


def test_both_malformed(status, put):
    """The first is the run's fault, the other a warning."""
    paths = [put(DOCKER, "{"), put(RUNTIME, "[")]
    result = status()
    assert result.status == 8 and result.stdout == ""
    assert f"ghcr-login: docker: '{paths[0]}'" in result.stderr
    assert f"warning: podman: '{paths[1]}'" in result.stderr


def test_one_finds_none(server, status, put):
    path = put(RUNTIME, one())
    result = status()
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{server.host}: docker finds no credential",
        f"{server.host}: podman uses '{server.host}' in '{path}' as {USER}: accepted"]


@pytest.mark.parametrize("option, name, reader", [
    ("--authfile", "own/auth.json", "podman"), ("--config", "own/config.json", "docker")])
def test_a_place_that_is_named_is_one_readers(login, status, put, option, name, reader):
    path = put(name, one())
    put(DOCKER, one(value=BAD))
    put(RUNTIME, one(value=BAD))
    result = status("--json", option, path if option == "--authfile" else path.parent)
    assert result.status == 0 and readers(result).keys() == {reader}


def test_insecurity_is_told_once(login, registry, put):
    server = registry()
    for name, value in ((DOCKER, GOOD), (PODMAN, BAD)):
        put(name, one(server.host, value))
    for secret in (TOKEN, OTHER_TOKEN):
        login.protect(secret)
    result = login("status", "--insecure", "--persistent", "--docker", server.host)
    assert result.status == 4
    assert result.stdout.count(server.host) == 4 and result.stderr.count("--insecure") == 1


@pytest.mark.parametrize("entry", ['{"auth":"%%%"}', '{"auth":"YWJj"}', '{"auth":"OmI="}'])
def test_an_entry_that_cannot_be_used(status, put, entry):
    put(DOCKER, '{"auths":{"HOST":%s}}' % entry)
    status("--docker").failed(8, "cannot be used")


@pytest.mark.parametrize("other", ["%%%", "YWJj", "OmI="])
def test_docker_takes_nothing_beside_an_entry_that_it_cannot_read(status, put, other):
    put(DOCKER, '{"auths":{"HOST":{"auth":"%s"},"o.example":{"auth":"%s"}}}' % (GOOD, other))
    status("--docker").failed(8, 'docker ignores the credentials in', "'o.example' cannot be used",
                              "remove that entry, or log in to its registry again")
    assert status("--podman").status == 0


def test_docker_takes_what_is_not_encoded_beside_an_entry_that_it_cannot_read(status, put):
    put(DOCKER, '{"psFormat":1,"auths":{"HOST":{"username":"%s","password":"%s"}}}' % (USER, TOKEN))
    assert status("--docker").status == 0


@pytest.mark.parametrize("config", ['"credsStore":"fake"', '"credHelpers":{"HOST":"fake"}'])
def test_docker_asks_a_helper_beside_an_entry_that_it_cannot_read(login, server, status, put,
                                                                   config):
    helper = Helper(login, stored={server.host: (USER, TOKEN)})
    put(DOCKER, '{%s,"auths":{"HOST":{},"o.example":{"auth":"%%%%%%"}}}' % config)
    assert status("--docker", env=helper.environment).status == 0


@pytest.mark.parametrize("other", ["", "YTpi\\r\\n"])
def test_what_docker_passes_over_in_another_entry(status, put, other):
    put(DOCKER, '{"auths":{"HOST":{"auth":"%s"},"o.example":{"auth":"%s"}}}' % (GOOD, other))
    assert status("--docker").status == 0


@pytest.mark.parametrize("kind", ["identity", "registry"])
@pytest.mark.parametrize("more, user", [('"auth":"%s",' % GOOD, USER), ("", "<token>")])
def test_what_is_no_password(server, status, put, kind, more, user):
    put(DOCKER, '{"auths":{"HOST":{%s"%stoken":"%s"}}}' % (more, kind, "idt" * 9))
    result = status("--docker")
    assert result.status == 6 and f"{kind} token, which cannot be verified here" in result.stderr
    assert f"as {user}: nothing proved" in result.stdout and server.connections == 0
    assert status("--docker", "--no-verify").status == 0


def test_the_registry_cannot_be_asked(server, status, put):
    put(DOCKER, one())
    server.on("token", faults.answer(503))
    result = status("--docker", "--retries", "0")
    assert result.status == 5 and "nothing proved" in result.stdout
    assert status("--docker", "--retries", "0", "-q").stdout == ""


def test_no_verify_asks_nobody_and_says_so(server, status, put):
    put(DOCKER, one(value=BAD))
    result = status("--docker", "--no-verify")
    assert result.status == 0 and result.stdout.endswith(": not verified\n")
    said = status("--docker", "--no-verify", "--json").json
    assert (said["result"], said["verified"]) == ("unchanged", False)
    assert said["files"][0]["verified"] is False and server.connections == 0


def test_can_pull(registry, login, put, status, server):
    put(DOCKER, one())
    server.images.update({"octocat/app:1": "private"})
    good, bad = (f"{server.host}/octocat/{name}:1" for name in ("app", "other"))
    assert status("--docker", "--can-pull", good, "--json").json["images"] == [
        {"image": good, "pull": True}]
    result = status("--docker", "--can-pull", bad)
    assert result.status == 7 and result.stdout.endswith(": accepted\n")


@pytest.mark.parametrize("other", [auth("somebody", TOKEN), BAD])
def test_an_image_that_one_reader_cannot_pull(put, status, server, other):
    put(DOCKER, one(value=other))
    put(RUNTIME, one())
    server.images.update({"octocat/app:1": "private"})
    if other != BAD:
        server.on("manifest", faults.answer(403, error("DENIED", "denied")), times=2)
    image = f"{server.host}/octocat/app:1"
    said = status("--can-pull", image, "--json")
    assert said.status == (4 if other == BAD else 7), said
    assert said.json["images"] == [{"image": image, "pull": False}]


@pytest.fixture
def at_ghcr(ghcr):
    """Runs `status` at what it takes for ghcr.io."""
    def run(*args, env=None):
        return ghcr.login("status", "--cacert", ghcr.login.ca_file, *args,
                          env={"https_proxy": ghcr.proxy.url, **(env or {})})
    return run


def test_diagnose(ghcr, at_ghcr, github):
    github(scopes="read:packages")
    ghcr.login.write_config(json.dumps({"auths": {"ghcr.io": {"auth": GOOD}}}))
    said = at_ghcr("--diagnose", "--json").json
    assert said["token"]["kind"] == "classic" and said["token"]["scopes"] == ["read:packages"]
    ghcr.registry.token = OTHER_TOKEN
    assert "GitHub's API accepts the token" in at_ghcr("--diagnose").stderr


def test_diagnose_tells_of_the_token_that_is_named(ghcr, at_ghcr, github):
    """Two readers with two tokens: user, kind and scopes are the first one's."""
    github(scopes="read:packages")
    ghcr.login.protect(OTHER_TOKEN)
    ghcr.login.write_config(json.dumps({"auths": {"ghcr.io": {"auth": GOOD}}}))
    path = ghcr.login.home / PODMAN
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"auths": {"ghcr.io": {"auth": BAD}}}))
    path.chmod(0o600)
    ghcr.login.mounted_files.add(path)
    result = at_ghcr("--diagnose", "--json")
    assert result.status == 4 and result.json["token"]["scopes"] == ["read:packages"], result
    assert result.json["token"]["owner"] == USER
    assert "rejects the token too" in result.json["error"]["hint"]


def test_what_is_stored_is_not_what_ssh_hands_over(ghcr, at_ghcr):
    ghcr.registry.token = OTHER_TOKEN
    ghcr.login.write_config(json.dumps({"auths": {"ghcr.io": {"auth": GOOD}}}))
    result = at_ghcr(env={"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"})
    assert result.status == 4 and "create a new classic token" in result.stderr, result
    assert "envs:" not in result.stderr


def test_what_shadows_it(ghcr, at_ghcr):
    ghcr.login.write_config(json.dumps({"auths": {
        "ghcr.io": {"auth": GOOD}, "ghcr.io:443": {"auth": GOOD}}}))
    path = ghcr.login.home / PODMAN
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"auths": {"ghcr.io": {"auth": GOOD}}}))
    path.chmod(0o600)
    runtime = ghcr.login.home / "containers/auth.json"
    runtime.parent.mkdir()
    runtime.write_text(path.read_text())
    runtime.chmod(0o600)
    result = at_ghcr(env={"XDG_RUNTIME_DIR": ghcr.login.home})
    assert result.status == 0, result
    assert "'ghcr.io:443', which nerdctl uses first" in result.stderr
    assert f"podman reads '{runtime}' first, which also covers 'ghcr.io'" in result.stderr
    assert result.stderr.count("warning: ") == 2


@pytest.mark.parametrize("how", ["default", "--persistent", "--authfile", "REGISTRY_AUTH_FILE"])
def test_podman_s_shadows_are_those_of_the_files_that_it_reads(login, server, status, put, how):
    """Each once; of a file that podman does not look into, nothing."""
    namespace = json.dumps({"auths": {"HOST": {"auth": GOOD}, "HOST/owner": {"auth": GOOD}}})
    paths = [put(PODMAN, namespace), put("other.json", namespace)]
    args = {"--persistent": [how], "--authfile": [how, paths[1]]}.get(how, [])
    env = {how: paths[1]} if how == "REGISTRY_AUTH_FILE" else {}
    said = status("--podman", "--no-verify", *args, env=env).stderr
    assert said == (f"warning: '{paths[how in ('--authfile', 'REGISTRY_AUTH_FILE')]}' also has an entry '{server.host}/owner', which podman uses for images below it"
                    f"\n")


def test_docker_hub(login, put):
    hub = "https://index.docker.io/v1/"
    path = put(DOCKER, json.dumps({"auths": {"docker.io": {"auth": GOOD}}}))
    login("status", "--docker", "--no-verify", "docker.io").failed(3)   # docker finds no such key
    assert login("status", "--podman", "--no-verify", "docker.io").status == 0
    path.write_text(json.dumps({"auths": {hub: {"auth": GOOD}}}))
    path.chmod(0o600)
    for reader in ("--docker", "--podman"):
        said = login("status", reader, "--no-verify", "--json", "docker.io").json
        assert said["files"][0]["key"] == hub


def test_one_file_alone(login, status, put):
    put(DOCKER, one())
    file = put("named.json", one(value=BAD))
    for how in ({"args": ["--authfile", file]}, {"env": {"REGISTRY_AUTH_FILE": file}}):
        result = status("--podman", "--no-verify", "--json", *how.get("args", []),
                        env=how.get("env"))
        assert [each["path"] for each in result.json["files"]] == [str(file)]
    status("--podman", "--authfile", login.home / "none.json").failed(3)


@pytest.mark.parametrize("args", [["--dry-run"], ["-u", "x"], ["--all"],
                                  ["--no-helper"], ["--wait-for-token", "9"],
                                  ["--no-verify", "--can-pull", "x/y"]], ids=" ".join)
def test_options_of_other_commands(status, args):
    status(*args).failed(2, args[0])
