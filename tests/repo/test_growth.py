"""What a run costs the processor grows with the file as the file does, and no faster."""

import json
import os

import pytest

from harness import TOKEN, USER

SIZES = (10, 10_000, 100_000)
ROUNDS = 2
# What ten times the entries may cost; a square would cost 100 times as much.
MOST = 25


def document(entries):
    auths = {f"registry-{each}.example.com": {"auth": "dXNlcjpwYXNzd29yZA=="}
             for each in range(entries)}
    return json.dumps({"auths": auths}, indent="\t")


def cost(running):
    """Seconds of processor that one run takes."""
    _, status, usage = os.wait4(running.pid, 0)
    running.process.returncode = os.waitstatus_to_exitcode(status)
    assert running.finish(60).status == 0
    return usage.ru_utime + usage.ru_stime


def cost_of_login(login, server):
    return cost(login.start("-u", USER, "--token-env", "A_TOKEN", "--plain-http", server.host,
                            env={"A_TOKEN": TOKEN}))


def report(capsys, case, costs):
    with capsys.disabled():
        print(f"\n{case}: " + ", ".join(f"{size:,} entries {1000 * spent:.1f} ms"
                                        for size, spent in costs.items()))


def check_growth(costs):
    start, *_ = costs.values()
    # Of 10,000 entries and 100,000, what they take more than 10 do; the least is a clock's tick.
    small, large = (max(costs[size] - start, 0.001) for size in SIZES[1:])
    assert large / small < MOST, costs


@pytest.mark.parametrize("case", ["stored", "unchanged"])
def test_cost_grows_with_the_file(login, server, case, capsys):
    costs = {}
    for size in SIZES:
        text = document(size)
        rounds = []
        for _ in range(ROUNDS):
            if case == "stored" or not rounds:
                login.write_config(text)
            if case == "unchanged":
                login.to(server).succeeded()
            rounds.append(cost_of_login(login, server))
        costs[size] = min(rounds)
        assert len(json.loads(login.config.read_bytes())["auths"]) == size + 1
    report(capsys, case, costs)
    check_growth(costs)


def test_cost_of_a_logout_from_all(login, capsys):
    costs = {}
    for size in SIZES:
        login.write_config(document(size))
        costs[size] = cost(login.start("logout", "--all"))
        assert json.loads(login.config.read_bytes()) == {"auths": {}}
    report(capsys, "logout --all", costs)
    check_growth(costs)


@pytest.mark.parametrize("key", ["registry-{}.example.com", "registry.example.com/owner-{}"])
def test_cost_of_a_survey(login, key, capsys):
    """What each look-up reads is read once for all of them."""
    costs = {}
    for size in SIZES:
        auths = {"one.example": {"auth": "dXNlcjpwYXNzd29yZA=="}}
        auths.update((key.format(each), {}) for each in range(size))
        login.write_config(json.dumps({"auths": auths}, indent="\t"))
        costs[size] = cost(login.start("status", "--all", "--no-verify"))
    report(capsys, f"status --all, {key}", costs)
    check_growth(costs)


LIMIT = 8 * 1024 * 1024
SMALL = {
    "objects": ('{"x":[', "{},", '{}],"auths":{}}'),
    "arrays": ('{"x":[', "[],", '[]],"auths":{}}'),
    "entries": ('{"auths":{', '"%06x":{},', '"":{}}}'),
}


@pytest.mark.parametrize("case", SMALL)
def test_memory_is_bound_by_the_size(login, case, capsys):
    """What is small in the text is not large in memory: a tree of it took 85 times as much."""
    head, item, tail = SMALL[case]
    count = (LIMIT - 200 - len(head)) // len(item % 0 if "%" in item else item)
    items = "".join(item % each for each in range(count)) if "%" in item else item * count
    login.write_config(head + items + tail)
    running = login.start("-u", USER, "--token-env", "A_TOKEN", "--no-verify", "reg.example",
                          env={"A_TOKEN": TOKEN})
    _, status, usage = os.wait4(running.pid, 0)
    running.process.returncode = os.waitstatus_to_exitcode(status)
    running.finish(60)
    assert status == 0 and "reg.example" in login.config.read_text()
    with capsys.disabled():
        print(f"\n{case}: {usage.ru_maxrss * 1024 / LIMIT:.1f} times the file")
    assert usage.ru_maxrss * 1024 < 40 * LIMIT


def test_a_file_that_is_too_long_is_refused(login):
    text = '{"auths":{}}' + " " * LIMIT
    login.write_config(text)
    result = login("-u", USER, "--token-env", "A_TOKEN", "--no-verify", "reg.example",
                   env={"A_TOKEN": TOKEN})
    result.failed(8, "is longer than 8")
    assert login.config.read_text() == text
