"""--dry-run, --no-verify and --json: what configuration management builds upon."""

import json

import pytest

import faults
from harness import OTHER_TOKEN, TOKEN, USER, auth
from helpers import Helper


def snapshot(login):
    return {path: (path.lstat().st_mtime_ns, path.lstat().st_ino)
            for path in login.home.rglob("*")}


def test_a_dry_run_asks_and_changes_nothing(login, server):
    before = snapshot(login)
    result = login.to(server, "--dry-run").succeeded()
    assert result.stdout.endswith(f", would be stored in '{login.config}'\n")
    assert server.endpoints == ["ping", "token", "ping2"] and snapshot(login) == before
    said = login.to(server, "--dry-run", "--json").json
    assert (said["result"], said["changed"], said["dry_run"]) == ("verified", True, True)
    assert said["files"][0]["changed"] is True and said["verified"] is True


def test_a_dry_run_of_what_is_there(login, server):
    login.to(server).succeeded()
    said = login.to(server, "--dry-run", "--json").json
    assert (said["result"], said["changed"]) == ("verified", False)
    assert "already stored in" in login.to(server, "--dry-run").succeeded().stdout
    assert "dry_run" not in login.to(server, "--json").json


def test_a_dry_run_tells_of_each_file(login, server):
    login.to(server).succeeded()
    said = login.to(server, "--dry-run", "--json", "--docker", "--persistent").json
    assert [each["changed"] for each in said["files"]] == [False, True]


@pytest.mark.parametrize("stored, store", [({}, True), ({"HOST": (USER, TOKEN)}, False)])
def test_a_dry_run_with_a_helper(login, server, stored, store):
    helper = Helper(login, stored={server.host: each for each in stored.values()})
    login.write_config(json.dumps({"credsStore": "fake", "auths": {server.host: {}}}))
    said = login.to(server, "--dry-run", "--json", env=helper.environment).json
    assert said["changed"] is store and said["files"][0]["store"] == "helper:fake"
    assert helper.calls == [f"get {server.host}"]


@pytest.mark.parametrize("how, status", [
    ({"token": OTHER_TOKEN}, 4), ({"config": "{"}, 8), ({"fault": faults.answer(503)}, 5)])
def test_a_dry_run_fails_as_a_real_one(login, server, how, status):
    if "config" in how:
        login.write_config(how["config"])
    if "fault" in how:
        server.on("token", how["fault"])
    result = login.to(server, "--dry-run", "--json", "--retries", "0", token=how.get("token"))
    assert result.status == status and result.json["changed"] is False


def test_a_dry_run_says_that_the_file_cannot_be_written(login, server):
    login.write_config("{}")
    login.config.parent.chmod(0o500)
    login.to(server, "--dry-run", unprivileged=True).failed(8)
    assert server.connections == 0
    login.config.parent.chmod(0o700)


def test_no_verify_stores_and_does_not_say_succeeded(login, server):
    result = login.to(server, "--no-verify", token=OTHER_TOKEN)
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout == (
        f"Not verified: {server.host} as {USER}, token from standard input, stored in '{login.config}'\n")
    assert server.connections == 0
    assert login.entry(server.host) == f"{USER}:{OTHER_TOKEN}"
    said = login.to(server, "--no-verify", "--json", token=OTHER_TOKEN).json
    assert (said["result"], said["changed"], said["verified"]) == ("unchanged", False, False)


def test_no_verify_needs_no_network_at_all(login):
    result = login("-u", USER, "--password-stdin", "--no-verify", "nowhere.invalid",
                   stdin=TOKEN.encode())
    assert result.status == 0 and login.entry("nowhere.invalid") == f"{USER}:{TOKEN}"


def test_no_verify_still_refuses_what_is_no_token(login):
    login("-u", USER, "--password-stdin", "--no-verify", stdin=b"***\n").failed(3)


def test_no_verify_and_dry_run(login):
    result = login("-u", USER, "--password-stdin", "--no-verify", "--dry-run", "a.example",
                   stdin=TOKEN.encode())
    assert result.status == 0 and result.stdout.startswith("Not verified: a.example as octocat, ")
    assert "would be stored in" in result.stdout and not login.config.exists()


@pytest.mark.parametrize("args", [["--can-pull", "a.example/b"], ["--diagnose"],
                                  ["--wait-for-token", "5"]], ids=" ".join)
def test_no_verify_contradicts(login, args):
    login("-u", USER, "--password-stdin", "--no-verify", *args, "a.example",
          stdin=TOKEN.encode()).failed(2, "--no-verify")


def test_the_same_again_and_again(login, server):
    """stored, unchanged, unchanged; another token: stored; and the way back."""
    results = [login.to(server, "--json").json["result"] for _ in range(3)]
    server.token = OTHER_TOKEN
    results += [login.to(server, "--json", token=OTHER_TOKEN).json["result"] for _ in range(2)]
    results += [login("logout", "--json", server.host).json["result"] for _ in range(2)]
    assert results == ["stored", "unchanged", "unchanged", "stored", "unchanged", "removed",
                       "absent"]


def test_a_stale_identity_token_is_a_change(login, server):
    login.write_config(json.dumps({"auths": {server.host: {
        "auth": auth(USER, TOKEN), "identitytoken": "x"}}}))
    assert login.to(server, "--dry-run", "--json").json["changed"] is True
    assert login.to(server, "--json").json["result"] == "stored"
