"""What waiting can mend is asked again, as the registry wishes, and nothing else is."""

import socket
import threading
import time
from email.utils import formatdate

import pytest

import faults
from flavours import error
from harness import OTHER_TOKEN, TOKEN, USER
from registry import Registry

STEPS = ["ping", "token", "ping2"]
DENIED = error("DENIED", "denied")
JITTER = 1.0    # at most, before the second try
SLACK = 1.5


def limited(*retry_after):
    return faults.answer(429, DENIED, [("retry-after", value) for value in retry_after])


def closed_port():
    with socket.socket() as unused:
        unused.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


@pytest.mark.parametrize("step", ["ping", "token"])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_status_that_passes(login, registry, step, status):
    server = registry()
    server.on(step, faults.answer(status, DENIED), times=1)
    login.to(server).succeeded()
    assert server.endpoints.count(step) == 2
    assert len(server.endpoints) == 4 and server.connections == 1


@pytest.mark.parametrize("step", ["ping", "token"])
@pytest.mark.parametrize("fault", [faults.reset(), faults.close(), faults.close_midway()],
                         ids=["reset", "closed", "closed half way"])
def test_a_connection_that_breaks(login, registry, step, fault):
    server = registry()
    server.on(step, fault, times=1)
    login.to(server).succeeded()
    assert server.connections >= 2
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("flavour", ["basic", "dockerhub"])
def test_a_passing_fault_of_other_registries(login, registry, flavour):
    server = registry(flavour)
    server.on("ping2", faults.answer(503), times=1)
    login.to(server).succeeded()


# As long as the registry wishes.

@pytest.mark.parametrize("step", ["ping", "token"])
def test_retry_after_in_seconds(login, registry, step):
    server = registry()
    server.on(step, limited("2"), times=1)
    result = login.to(server).succeeded()
    assert result.seconds >= 2 and result.took_less_than(2 + JITTER + SLACK)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_as_a_date(login, registry, status):
    server = registry()
    server.on("token", lambda exchange: faults.answer(
        status, b"", [("retry-after", formatdate(time.time() + 3, usegmt=True))])(exchange),
        times=1)
    result = login.to(server).succeeded()
    # A date has whole seconds: up to one may be lost.
    assert result.seconds >= 1.9 and result.took_less_than(3 + JITTER + SLACK)


@pytest.mark.parametrize("date, least, most", [
    ("Sun, 06 Nov 1994 08:49:35 GMT", 2, 2 + JITTER + SLACK), (None, 0, JITTER + SLACK)])
def test_retry_after_is_by_the_registrys_clock(login, registry, date, least, most):
    server = registry()
    headers = [("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), *([("date", date)] if date else [])]
    server.on("token", faults.answer(503, b"", headers), times=1)
    result = login.to(server).succeeded()
    assert result.seconds >= least and result.took_less_than(most)


@pytest.mark.parametrize("step", ["ping", "token"])
def test_retry_after_in_the_words_of_ghcr(login, registry, step):
    server = registry()
    server.on(step, faults.rate_limited(), times=1)
    assert login.to(server).succeeded().took_less_than(JITTER + SLACK)


def test_a_longer_wait_in_the_words_of_ghcr(login, registry):
    server = registry()
    body = error("TOOMANYREQUESTS", "retry-after: 1.5s, allowed: 44000/minute")
    server.on("token", faults.answer(429, body), times=1)
    assert login.to(server).succeeded().seconds >= 1.5


@pytest.mark.parametrize("value", ["-5", "soon", "", "Thu, 01 Jan 1970 00:00:00 GMT", "1e9"])
def test_a_retry_after_that_makes_no_sense(login, registry, value):
    server = registry()
    server.on("token", limited(value), times=1)
    assert login.to(server).succeeded().took_less_than(JITTER + SLACK)


@pytest.mark.parametrize("value", ["3600", "99999999999999999999",
                                   "Fri, 31 Dec 9999 23:59:59 GMT"])
@pytest.mark.parametrize("step", ["ping", "token"])
def test_a_wait_past_the_deadline_is_not_begun(login, registry, step, value):
    server = registry()
    server.on(step, limited(value))
    result = login.to(server, "--timeout", "10")
    asked = "asks to wait 3600 s" if value == "3600" else "asks to wait "
    result.failed(5, server.host, "rate limited", "429", "hint:", asked, "--timeout")
    assert result.took_less_than(2)
    assert server.endpoints.count(step) == 1


# As often as it may.

@pytest.mark.parametrize("retries", [0, 1, 2])
@pytest.mark.parametrize("step", ["ping", "token"])
def test_the_number_of_tries(login, registry, step, retries):
    server = registry()
    server.on(step, faults.answer(503))
    login.to(server, "--retries", retries).failed(5, server.host, "503")
    assert server.endpoints.count(step) == retries + 1


def test_each_request_has_its_own_tries(login, registry):
    server = registry()
    for step in STEPS:
        server.on(step, faults.answer(503), times=1)
    login.to(server, "--retries", "1").succeeded()
    assert server.endpoints == [step for step in STEPS for _ in range(2)]


@pytest.mark.parametrize("fault", [faults.answer(503), faults.rate_limited(), faults.reset()],
                         ids=["503", "429", "reset"])
def test_all_tries_end_with_the_deadline(login, registry, fault):
    server = registry()
    server.on("token", fault)
    result = login.to(server, "--timeout", "2", "--retries", "100").failed(5, server.host)
    assert result.took_less_than(3)


# Put off, which is no failure.

PUT_OFF = {"429": faults.rate_limited(), "503": faults.answer(503, b"", [("retry-after", "1")])}


@pytest.mark.parametrize("fault", PUT_OFF.values(), ids=PUT_OFF)
@pytest.mark.parametrize("step", ["ping", "token"])
def test_put_off_more_often_than_retries(login, registry, step, fault):
    server = registry()
    server.on(step, fault, times=2)
    login.to(server, "--retries", "1").succeeded()
    assert server.endpoints.count(step) == 3


@pytest.mark.parametrize("fault", PUT_OFF.values(), ids=PUT_OFF)
def test_put_off_to_the_end(login, registry, fault):
    server = registry()
    server.on("token", fault)
    result = login.to(server, "--timeout", "4", "--retries", "1")
    result.failed(5, server.host, "hint:", "nothing about the credential")
    assert result.seconds > 1.9 and result.took_less_than(4.5)
    assert server.endpoints.count("token") >= 3


@pytest.mark.parametrize("fault", PUT_OFF.values(), ids=PUT_OFF)
def test_no_retries_at_all(login, registry, fault):
    server = registry()
    server.on("token", fault, times=1)
    login.to(server, "--retries", "0").failed(5, server.host)
    assert server.endpoints.count("token") == 1


# A registry that comes up late.

def test_refused_and_then_up(login, certificate):
    port = closed_port()
    late = []

    def start():
        late.append(Registry(certificate, user=USER, token=TOKEN, port=port))
        login.registries.append(late[0])

    timer = threading.Timer(0.5, start)
    timer.start()
    try:
        result = login("-u", USER, "--password-stdin", "--cacert", login.ca_file, "--retries", "20",
                       "--timeout", "18", f"127.0.0.1:{port}", stdin=TOKEN.encode())
    finally:
        timer.join()
        late[0].close()
    result.succeeded()
    assert result.seconds >= 0.4
    assert late[0].endpoints == STEPS and late[0].connections == 1


def test_refused_to_the_end(login):
    result = login("-u", USER, "--password-stdin", "--retries", "1", "--timeout", "10",
                   f"127.0.0.1:{closed_port()}", stdin=TOKEN.encode())
    result.failed(5, "cannot connect")
    assert result.took_less_than(JITTER + SLACK)


# Never what speaks of the credential, and never what waiting does not mend.

@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("step", ["token", "ping2"])
def test_a_refusal_is_asked_once(login, registry, step, status):
    server = registry()
    server.on(step, faults.answer(status, DENIED, [("retry-after", "1")]))
    result = login.to(server, "--retries", "9")
    assert result.status in (4, 6), result
    if (step, status) == ("ping2", 401):    # clocks may differ by a second
        assert server.endpoints == [*STEPS, "ping2"]
    else:
        assert server.endpoints == STEPS[:STEPS.index(step) + 1] and result.took_less_than(1)


@pytest.mark.parametrize("words", ["too many failed login attempts for username or IP address",
                                   "too many login failures for this account",
                                   "too many failed authentication attempts",
                                   "account is temporarily locked"])
@pytest.mark.parametrize("status", [429, 401])
def test_too_many_failed_logins_are_not_made_more(login, registry, status, words):
    """Docker Hub: asking again prolongs it (hub-feedback #786)."""
    server = registry("dockerhub")
    server.on("token", faults.answer(status, b'{"details":"%s"}' % words.encode(),
                                     [("retry-after", "1")]))
    result = login.to(server, "--retries", "9")
    result.failed(5, words, "hint: too many failed logins", "wait")
    assert server.endpoints == ["ping", "token"]


def test_a_ping_that_is_forbidden_is_asked_once(login, registry):
    server = registry()
    server.on("ping", faults.answer(403, DENIED))
    login.to(server).failed(6, "403")
    assert server.endpoints == ["ping"]


@pytest.mark.parametrize("flavour", ["ghcr", "dockerhub", "gitlab", "basic"])
def test_a_wrong_token_is_shown_once(login, registry, flavour):
    server = registry(flavour)
    login.to(server, "--retries", "9", token=OTHER_TOKEN).failed(4)
    assert sum("authorization" in request.headers for request in server.requests) == 1


@pytest.mark.parametrize("step", ["ping", "token"])
@pytest.mark.parametrize("status", [400, 404, 405, 408, 410, 418, 501, 505])
def test_a_status_that_stays(login, registry, step, status):
    server = registry()
    server.on(step, faults.answer(status))
    result = login.to(server)
    assert result.status in (5, 6), result
    assert server.endpoints.count(step) == 1


def test_a_refusal_after_a_passing_fault(login, registry):
    server = registry()
    server.on("token", faults.answer(503), times=1)
    login.to(server, token=OTHER_TOKEN).failed(4, "denied")
    assert server.endpoints.count("token") == 2


# It is never silent for long.

def test_a_wait_is_told_once(login, registry):
    server = registry()
    server.on("ping", faults.answer(503), times=2)
    result = login.to(server)
    result.succeeded()
    assert result.stderr.count("\n") == 1, result
    assert f"'{server.host}' answered HTTP 503; trying again for up to" in result.stderr


def test_a_fault_is_told_before_it_is_tried_again(login):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{unused.getsockname()[1]}"
        result = login("-u", USER, "--password-stdin", "--timeout", "3", host,
                       stdin=TOKEN.encode())
    first, second = result.stderr.splitlines()[:2]
    assert result.status == 5 and "cannot connect" in first and "trying again for up to" in first
    assert second.startswith("ghcr-login: cannot reach"), result


def test_silence_is_told_of_after_three_seconds(login, registry):
    server = registry()
    server.on("ping", faults.delay(4.5), times=1)
    result = login.to(server, "--timeout", "20")
    result.succeeded()
    assert f"waiting for '{server.host}', for up to" in result.stderr, result


def test_quiet_waits_in_silence(login, registry):
    server = registry()
    server.on("ping", faults.answer(503), times=1)
    result = login.to(server, "--quiet")
    assert (result.status, result.stderr) == (0, ""), result
