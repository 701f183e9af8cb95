"""What is stored is watched: --expires-within, status --all, and images from standard input."""

import json
from datetime import datetime, timedelta, timezone

import pytest

import faults
from github_api import LOCKED_OUT, GitHubApi, says
from harness import OTHER_TOKEN, STATELESS, TOKEN, USER, auth

IMAGE = "ghcr.io/octo-org/app:1"
APP_USER = "ghu_" + "16C7e42F292c6912E7710c838347Ae178B4a"


def in_days(days):
    """A moment that many days and an hour from now: as JSON has it, and as GitHub says it."""
    moment = datetime.now(timezone.utc) + timedelta(days=days, hours=1)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ"), moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def stored(ghcr, token=TOKEN):
    ghcr.login.protect(token)
    ghcr.login.write_config(json.dumps({"auths": {"ghcr.io": {"auth": auth(USER, token)}}}))


def watch(ghcr, *args, **how):
    return ghcr.login("status", "--cacert", ghcr.login.ca_file, *args,
                      env={"https_proxy": ghcr.proxy.url}, **how)


# One registry.

@pytest.mark.parametrize("days, within, status", [
    (5, 4, 0), (5, 5, 0), (5, 6, 10), (0, 1, 10), (-2, 1, 10), (300, 7, 0), (300, 365, 10)])
def test_the_end_of_one_token(ghcr, github, days, within, status):
    shown, said = in_days(days)
    github(expires=said)
    stored(ghcr)
    result = watch(ghcr, "--docker", "--expires-within", within)
    assert result.status == status, result
    assert f"token: expires {shown}\n" in result.stdout and ": accepted\n" in result.stdout
    assert result.stderr == "" or (status == 10 and shown in result.stderr), result
    told = watch(ghcr, "--docker", "--json", "--expires-within", within).json
    assert told["token"]["expires_at"] == shown and told["token"]["expiry"] == "known"
    assert told["verified"] is True
    if status:
        assert told["error"]["class"] == "expiring" and told["error"]["status"] == 10


UNKNOWN = {
    "of an app": (STATELESS, dict(token=STATELESS), "unknown"),
    "of an app's user": (APP_USER, dict(token=APP_USER, scopes=""), "unknown"),
    "GitHub does not know it": (TOKEN, dict(token=None), "unknown"),
    "it has none": (TOKEN, dict(), "none"),
}


@pytest.mark.parametrize("token, options, expiry", UNKNOWN.values(), ids=UNKNOWN)
def test_a_token_whose_end_is_not_known_or_has_none(ghcr, github, token, options, expiry):
    """It does not change the status, and is told."""
    ghcr.registry.token = token
    github(**options)
    stored(ghcr, token)
    result = watch(ghcr, "--docker", "--expires-within", "7")
    assert (result.status, result.stderr) == (0, ""), result
    words = {"none": "token: no expiry date\n", "unknown": "token: expiry unknown\n"}[expiry]
    assert words in result.stdout
    told = watch(ghcr, "--json", "--docker", "--expires-within", "7").json["token"]
    assert (told["expiry"], told["expires_at"]) == (expiry, None)


def test_a_registry_of_somebody_else(login, server):
    """Nobody can say: GitHub is not asked."""
    login.write_config(json.dumps({"auths": {server.host: {"auth": auth(USER, server.token)}}}))
    result = login("status", "--docker", "--plain-http", "--expires-within", "7", server.host)
    assert (result.status, result.stderr) == (0, ""), result
    assert "token: expiry unknown\n" in result.stdout


OUT_OF_REACH = {"limit": says(403, LOCKED_OUT), "outage": says(503, {}), "nonsense": says(200, [])}


@pytest.mark.parametrize("answer", OUT_OF_REACH.values(), ids=OUT_OF_REACH)
def test_an_api_out_of_reach(ghcr, github, answer):
    github().on("user", lambda exchange: exchange.reply(answer))
    stored(ghcr)
    result = watch(ghcr, "--json", "--docker", "--expires-within", "7", "--retries", "0")
    assert result.status == 5 and result.json["verified"] is True, result
    assert result.json["error"]["class"] == "unreachable"
    assert result.json["token"]["expiry"] == "unknown"


def test_what_is_refused_is_not_expiring(ghcr, github):
    github(expires=in_days(1)[1])
    stored(ghcr, OTHER_TOKEN)
    assert watch(ghcr, "--docker", "--expires-within", "7").status == 4


@pytest.mark.parametrize("status, images", [(7, False), (10, True)])
def test_an_image_comes_before_the_end(ghcr, github, status, images):
    github(expires=in_days(1)[1])
    stored(ghcr)
    if images:
        ghcr.registry.images["octo-org/app:1"] = "private"
    result = watch(ghcr, "--docker", "--expires-within", "7", "--can-pull", IMAGE)
    assert result.status == status, result


def test_a_token_at_hand(ghcr, github):
    """What would not last is not stored."""
    github(expires=in_days(3)[1])
    for days, status in ((7, 10), (2, 0)):
        for more in ((), ("--dry-run",)):
            result = ghcr("-u", USER, "--expires-within", days, *more, env={"GHCR_TOKEN": TOKEN})
            assert result.status == status, result
            assert ghcr.login.config.exists() == (status == 0 and more == ()), result
            ghcr.login.config.unlink(missing_ok=True)


@pytest.mark.parametrize("args, words", [
    (("status", "--expires-within", "0"), "a whole number from 1"),
    (("status", "--expires-within", "7d"), "a whole number from 1"),
    (("status", "--expires-within", "7", "--no-verify"), "--no-verify does not ask the registry"),
    (("logout", "--expires-within", "7"), "cannot be used with 'logout'")])
def test_usage(login, args, words):
    login(*args).failed(2, words)
