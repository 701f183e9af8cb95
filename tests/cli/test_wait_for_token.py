"""--wait-for-token: a new token that is refused at first. The waits are a second or two; how
they grow is tests/unit/registry/test_patience.c's."""

import pytest

import faults
from flavours import error
from harness import FINE_GRAINED, OTHER_TOKEN, TOKEN, USER

DENIED = faults.answer(403, error("DENIED", "denied"))
WAITING = "ghcr-login: the token was refused; trying again in 1 s, for up to 1 s more"


@pytest.mark.parametrize("endpoint, fault", [
    ("token", DENIED), ("token", faults.answer(401)), ("ping2", faults.answer(401))],
    ids=["403", "401", "bearer"])
def test_a_token_that_is_taken_in_the_end(login, registry, endpoint, fault):
    server = registry()
    server.on(endpoint, fault, times=2 if endpoint == "ping2" else 1)   # once more a second later
    result = login.to(server, "--wait-for-token", "1", "--json")
    assert result.status == 0 and result.json["result"] == "stored", result
    assert result.stderr.count("\n") == 1 and result.stderr.startswith(WAITING)
    assert server.endpoints[-3:] == ["ping", "token", "ping2"]
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_the_limit(login, registry):
    server = registry()
    result = login.to(server, "--wait-for-token", "1", token=OTHER_TOKEN).failed(4, "denied")
    assert result.stderr.startswith(WAITING) and result.stderr.count(WAITING) == 1
    assert server.endpoints == ["ping", "token"] * 2
    assert not login.config.exists()


@pytest.mark.parametrize("args", [[], ["--wait-for-token", "0"]], ids=["default", "0"])
def test_no_wait(login, registry, args):
    server = registry()
    result = login.to(server, *args, token=OTHER_TOKEN).failed(4)
    assert server.endpoints == ["ping", "token"] and "trying again" not in result.stderr


@pytest.mark.parametrize("times", [1, None], ids=["taken", "refused"])
def test_quiet(login, registry, times):
    server = registry()
    server.on("token", DENIED, times=times)
    result = login.to(server, "-q", "--wait-for-token", "1")
    assert result.status == (0 if times else 4) and "trying again" not in result.stderr
    assert server.endpoints.count("token") == 2


def test_the_wait_is_not_cut_by_the_timeout(login, registry):
    server = registry()
    server.on("token", DENIED, times=1)
    result = login.to(server, "--timeout", "1", "--wait-for-token", "2")
    assert result.status == 0 and login.entry(server.host) == f"{USER}:{TOKEN}", result


def test_the_timeout_holds_for_what_is_asked_then(login, registry):
    server = registry()
    server.on("token", DENIED, times=1)
    server.on("token", faults.silence())
    result = login.to(server, "--timeout", "1", "--wait-for-token", "1")
    assert result.status == 5 and "in time" in result.stderr and result.took_less_than(6), result


@pytest.mark.parametrize("fault, status", [
    (faults.answer(200), 6), (faults.answer(404), 6), (faults.not_json(), 6)])
def test_only_a_refusal_is_waited_for(login, registry, fault, status):
    server = registry()
    server.on("ping", fault)
    assert "trying again" not in login.to(server, "--wait-for-token", "60").failed(status).stderr
    assert server.endpoints == ["ping"]


def test_a_right_is_not_waited_for(login, registry):
    server = registry(images={"octo/app:1": "forbidden"})
    login.to(server, "--wait-for-token", "60", "--can-pull", f"{server.host}/octo/app:1").failed(7)
    assert server.endpoints.count("ping") == 1


def test_a_kind_that_is_never_taken_is_not_waited_for(ghcr):
    result = ghcr("-u", USER, "--wait-for-token", "60", env={"GHCR_TOKEN": FINE_GRAINED})
    assert result.status == 4 and "hint: GitHub's registry does not accept fine-gr" in result.stderr
    assert "--wait-for-token is ignored" in result.stderr
    assert ghcr.registry.endpoints == ["ping", "token"]


def test_the_hint_after_a_wait_does_not_ask_for_one(ghcr):
    result = ghcr("-u", USER, "--wait-for-token", "1", env={"GHCR_TOKEN": OTHER_TOKEN})
    assert result.status == 4 and "trying again in 1 s" in result.stderr, result
    assert "expired or revoked" in result.stderr and "too new" not in result.stderr


@pytest.mark.parametrize("value", ["-1", "86401", "1m", "", "soon"])
def test_what_is_no_time(login, value):
    login("-u", USER, "--wait-for-token", value).failed(2, "0 to 86400")


def test_a_day(login, registry):
    login.to(registry(), "--wait-for-token", "86400").succeeded()
