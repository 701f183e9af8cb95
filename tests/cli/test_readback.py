"""After storing: what docker, podman or nerdctl would take before the entry is said aloud."""

import json

import pytest

from harness import TOKEN, USER, auth

GOOD = {"auth": "YTpi"}
DOCKER, PODMAN = ".docker/config.json", ".config/containers/auth.json"


def document(**auths):
    return json.dumps({"auths": auths})


# What is set or lies there beforehand, and the words of the one warning, none where it is None.
# HOST is the registry, {home} the home.

def docker_auth_config(host, entry=None):
    return {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {host: entry or GOOD}})}


CONF = ".config/containers/registries.conf"
NAMED = {"REGISTRY_AUTH_FILE": "{home}/named.json"}
RUNTIME = {"XDG_RUNTIME_DIR": "{home}"}
CASES = {
    "nothing": ([], {}, {}, None),
    "DOCKER_AUTH_CONFIG": ([], docker_auth_config("HOST"), {}, "DOCKER_AUTH_CONFIG"),
    "it has another host": ([], docker_auth_config("other.example"), {}, None),
    "it has a longer host": ([], docker_auth_config("HOST0"), {}, None),
    "it is not valid": ([], {"DOCKER_AUTH_CONFIG": '{"auths":{"HOST":'}, {}, None),
    "it is empty": ([], {"DOCKER_AUTH_CONFIG": ""}, {}, None),
    "another of its entries cannot be decoded": (
        [], {"DOCKER_AUTH_CONFIG": document(HOST=GOOD, other={"auth": "!!!"})}, {}, None),
    "it is docker's alone": (["--persistent"], docker_auth_config("HOST"), {}, None),
    "podman in docker's file": (["--podman"], {"DOCKER_CONFIG": "{home}/.docker"}, {}, None),
    "REGISTRY_AUTH_FILE against --persistent": (["--persistent"], NAMED, {},
                                                ("REGISTRY_AUTH_FILE", "{home}/named.json")),
    "against --authfile": (["--authfile", "{home}/x"], NAMED, {},
                           ("REGISTRY_AUTH_FILE", "{home}/named.json")),
    "it names the same file": (["--authfile", "{home}/named.json"], NAMED, {}, None),
    "by another spelling": (["--authfile", "{home}/./named.json"], NAMED, {}, None),
    "it is podman's alone": ([], NAMED, {}, None),
    "podman's earlier file, the later by name": (["--authfile", "{home}/" + PODMAN], RUNTIME,
                                                 {"containers/auth.json": document(HOST=GOOD)},
                                                 ("{home}/containers/auth.json", "first", "HOST")),
    "podman's earlier file": (["--persistent"], RUNTIME,
                              {"containers/auth.json": document(HOST=GOOD)},
                              ("{home}/containers/auth.json", "first", "HOST")),
    "the earlier file has a namespace": (["--persistent"], RUNTIME,
                                         {"containers/auth.json": document(**{"HOST/o": GOOD})},
                                         ("{home}/containers/auth.json", "first")),
    "the earlier file has another host": (["--persistent"], RUNTIME,
                                          {"containers/auth.json": document(other=GOOD)}, None),
    "the earlier file is malformed": (["--persistent"], RUNTIME,
                                      {"containers/auth.json": "{"}, None),
    "the earlier file asks a helper": (["--persistent"], RUNTIME, {
        "containers/auth.json": '{"credHelpers":{"HOST":"pass"}}'},
        ("{home}/containers/auth.json", "first")),
    "the later file has it too": (["--podman"], RUNTIME, {PODMAN: document(HOST=GOOD)}, None),
    "docker's file has it too": (["--persistent"], RUNTIME, {DOCKER: document(HOST=GOOD)}, None),
    "a namespace of the registry": (["--persistent"], {}, {PODMAN: document(**{"HOST/own": GOOD})},
                                    ("'HOST/own'", "podman")),
    "a namespace of another": (["--persistent"], {}, {PODMAN: document(**{"x.y/own": GOOD})}, None),
    "a namespace in docker's file, read by podman": (
        ["--podman"], {"DOCKER_CONFIG": "{home}/.docker"},
        {DOCKER: document(**{"HOST/own": GOOD})}, ("{home}/" + DOCKER, "'HOST/own'", "podman")),
    "a namespace in the file of both": (
        ["--docker", "--podman"], {"DOCKER_CONFIG": "{home}/.docker"},
        {DOCKER: document(**{"HOST/own": GOOD})}, ("{home}/" + DOCKER, "'HOST/own'", "podman")),
    "no namespace in the file of both": (
        ["--docker", "--podman"], {"DOCKER_CONFIG": "{home}/.docker"},
        {DOCKER: document(**{"x.y/own": GOOD})}, None),
    "docker's variable, and the file of both": (
        ["--docker", "--podman"],
        {"DOCKER_CONFIG": "{home}/.docker", **docker_auth_config("HOST")}, {}, "DOCKER_AUTH_CONFIG"),
    "registries.conf": (["--persistent"], {}, {
        CONF: 'unqualified-search-registries = ["x"]\ncredential-helpers = ["secretservice"]\n'},
        ("'secretservice'", "{home}/" + CONF)),
    "over several lines": (["--podman"], RUNTIME, {
        CONF: '"credential-helpers"=[ # who\n  # not \'x\'\n \'pass\', "containers-auth.json"]'},
        ("'pass'", "{home}/" + CONF)),
    "a file beside it": (["--persistent"], {}, {CONF + ".d/9.conf": 'credential-helpers=["pass"]'},
                         ("'pass'", "{home}/" + CONF + ".d/9.conf")),
    "the file that is named": (["--persistent"], {"CONTAINERS_REGISTRIES_CONF": "{home}/r.conf"}, {
        "r.conf": 'credential-helpers = ["pass"]', CONF: 'credential-helpers = ["other"]'},
        ("'pass'", "{home}/r.conf")),
    "podman's own files first": (["--persistent"], {}, {
        CONF: 'credential-helpers = ["containers-auth.json", "pass"]'}, None),
    "none after all": (["--persistent"], {}, {
        CONF: 'credential-helpers = ["pass"]', CONF + ".d/9.conf": 'credential-helpers=[]'}, None),
    "a comment": (["--persistent"], {}, {CONF: '# credential-helpers = ["pass"]'}, None),
    "another key": (["--persistent"], {}, {CONF: 'credential-helpers-x = ["pass"]'}, None),
    "it is podman's": ([], {}, {CONF: 'credential-helpers = ["pass"]'}, None),
    "podman in docker's file asks it too": (["--podman"], {"DOCKER_CONFIG": "{home}/.docker"}, {
        CONF: 'credential-helpers = ["pass"]'}, ("'pass'", "{home}/" + CONF)),
    "a namespace in docker's file": ([], {}, {DOCKER: document(**{"HOST/own": GOOD})}, None),
}


@pytest.mark.parametrize("again", [False, True], ids=["stored", "unchanged"])
@pytest.mark.parametrize("args, env, files, words", CASES.values(), ids=CASES)
def test_one_warning(login, server, args, env, files, words, again):
    def fill(text):
        return text.replace("{home}", str(login.home)).replace("HOST", server.host)

    env = {name: fill(value) for name, value in env.items()}
    args = [fill(each) for each in args]
    for name, text in files.items():
        login.put(name, fill(text))
    if again:
        assert login.to(server, *args, env=env).status == 0
    result = login.to(server, *args, "--json", env=env)
    assert result.status == 0, result
    assert result.json["result"] == ("unchanged" if again else "stored")
    warnings = result.json["warnings"]
    assert result.stderr == "".join(f"warning: {each}\n" for each in warnings)
    assert len(warnings) == (words is not None), warnings
    for word in [words] if isinstance(words, str) else words or []:
        assert fill(word) in warnings[0], warnings


def test_docker_hub_in_both_files(login):
    """Docker's key of it is another than podman's, and the credential the same."""
    result = login("-u", USER, "--password-stdin", "--no-verify", "--docker", "--persistent", "--json",
                   "docker.io", stdin=TOKEN.encode(), env={"DOCKER_CONFIG": login.home / ".docker"})
    assert result.status == 0
    assert not [each for each in result.json["warnings"] if "DOCKER_CONFIG" in each], result


@pytest.mark.parametrize("args", [["--podman"], ["--docker", "--podman"]], ids=" ".join)
@pytest.mark.parametrize("key, entry, warned", [
    ("docker.io", GOOD, True), ("index.docker.io", GOOD, True), ("docker.io/library", GOOD, True),
    ("docker.io", {"auth": auth(USER, TOKEN)}, False), ("quay.io", GOOD, False)])
def test_docker_hub_by_other_names_in_docker_s_file(login, args, key, entry, warned):
    """podman login writes 'docker.io' there, and finds that first."""
    login.put(DOCKER, document(**{key: entry}))
    login.mounted_files.add(login.config)
    result = login("-u", USER, "--password-stdin", "--no-verify", *args, "--json", "docker.io",
                   stdin=TOKEN.encode(), env={"DOCKER_CONFIG": login.home / ".docker"})
    assert [f"'{key}', which podman" in each for each in result.json["warnings"]] == (
        [True] if warned else []), result


@pytest.mark.parametrize("key, entry, warned", [
    ("docker.io", GOOD, True), ("index.docker.io", GOOD, True), ("quay.io", GOOD, False)])
def test_docker_hub_in_both_files_beside_another(login, key, entry, warned):
    login.put(DOCKER, document(**{key: entry}))
    result = login("-u", USER, "--password-stdin", "--no-verify", "--docker", "--persistent", "--json",
                   "docker.io", stdin=TOKEN.encode(), env={"DOCKER_CONFIG": login.home / ".docker"})
    found = [each for each in result.json["warnings"] if "DOCKER_CONFIG is set" in each]
    assert len(found) == warned, result


@pytest.mark.parametrize("args, file", [([], DOCKER), (["--persistent"], PODMAN)],
                         ids=["docker", "podman"])
def test_another_case_of_the_host(login, args, file):
    """To docker and podman the two are two registries."""
    path = login.put(file, document(**{"Harbor.Example.COM": GOOD}))
    login.mounted_files.add(path)
    result = login("-u", USER, "--password-stdin", "--no-verify", *args, "harbor.example.com",
                   stdin=TOKEN.encode())
    assert result.status == 0 and result.stderr == (
        f"warning: '{path}' also has an entry 'Harbor.Example.COM', which is used for images that spell the registry that way"
        "\n")


def test_several_warnings_and_a_quiet_run(login, server):
    login.put(DOCKER, document(**{f"{server.host}/own": GOOD}))
    env = {name: text.replace("HOST", server.host)
           for name, text in docker_auth_config("HOST").items()}
    login.put("containers/auth.json", document(**{server.host: GOOD}))
    env["XDG_RUNTIME_DIR"] = str(login.home)
    args = ("--docker", "--persistent", "--json")
    said = login.to(server, *args, env=env).json
    assert len(said["warnings"]) == 2
    quiet = login.to(server, *args, "-q", env=env)
    assert quiet.stderr == "" and quiet.json["warnings"] == said["warnings"]


def test_a_warning_quotes_no_secret_and_no_control_byte(login, server):
    login.protect("c2VjcmV0OnNlY3JldA==")
    login.put(PODMAN, document(**{f"{server.host}/\x1b[31m": {"auth": "c2VjcmV0OnNlY3JldA=="}})
        .replace("c2VjcmV0OnNlY3JldA==", "YTpi"))
    result = login.to(server, "--persistent")
    assert result.stderr.startswith("warning: ") and "\x1b" not in result.stderr


@pytest.mark.parametrize("args, file, warned", [
    ([], DOCKER, True), (["--persistent"], PODMAN, False)], ids=["docker", "podman"])
def test_nerdctl_takes_port_443_first(ghcr, args, file, warned):
    ghcr.login.put(file, document(**{"ghcr.io:443": GOOD}))
    result = ghcr("-u", USER, "--json", *args, env={"GHCR_TOKEN": TOKEN})
    assert result.status == 0, result
    assert ["ghcr.io:443" in each and "nerdctl" in each for each in result.json["warnings"]] == (
        [True] if warned else [])
