#!/usr/bin/python3
"""Logs in very often while all that can go wrong does, and holds the file to its promises.

    figures = soak(binary, directory, logins=10000, seed=1)

Several registries at once, all into one file; the logins to one registry come one after the
other, each with a token of its own, so that after each it is known what the file must hold.
Run as a program it prints the figures.
"""

import argparse
import base64
import collections
import fcntl
import json
import os
import random
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import faults
from registry import Registry

USER = "octocat"
KILL_EARLY_MAX, KILL_LATE_MAX = 0.06, 0.012      # seconds
TIME_LIMIT = 60
# What a login meets, and how often.
PLANS = {"nothing": 8, "reset": 2, "429": 2, "503": 2, "slow": 2, "cut": 1, "refused": 2,
         "killed early": 2, "killed late": 3}
FAULTS = {"reset": faults.reset(), "429": faults.rate_limited(), "503": faults.answer(503),
          "slow": faults.delay(0.05), "cut": faults.close_midway()}
MAY_END = {"nothing": {0}, "slow": {0}, "refused": {4}, "reset": {0, 5}, "429": {0, 5},
           "503": {0, 5}, "cut": {0, 5, 6}}


class Customer:
    """One registry and who logs in to it, over and over."""

    def __init__(self, binary, home, seed):
        self._random = random.Random(seed)
        self._binary, self._home = binary, home
        self._config = home / ".docker" / "config.json"
        self.expected = None        # the token that the file must hold
        self.plans = collections.Counter()
        self.statuses = collections.Counter()
        self.stored_though_killed = 0
        self._fault = None          # (endpoint, fault) to be played once
        self._proved = threading.Event()
        self.registry = Registry(user=USER)
        for endpoint in ("ping", "token", "ping2"):
            self.registry.on(endpoint, self._play)

    def _play(self, exchange):
        endpoint = exchange.request.endpoint
        if self._fault and self._fault[0] == endpoint:
            fault, self._fault = self._fault[1], None
            fault(exchange)
        else:
            exchange.reply(exchange.normal())
        if endpoint == "ping2":
            self._proved.set()

    def log_in(self, plan=None):
        plan = plan or self._random.choices(list(PLANS), PLANS.values())[0]
        token = f"{self._random.getrandbits(160):040x}"
        retries = 1 if self._random.random() < 0.05 else 0
        self.registry.token = "another" if plan == "refused" else token
        endpoint = self._random.choice(["ping", "token", "ping2"])
        self._fault = (endpoint, FAULTS[plan]) if plan in FAULTS else None
        self._proved.clear()
        status = self._run(plan, token, retries)
        self.plans[plan] += 1
        self.statuses[status] += 1
        self._judge(plan, token, status)

    def _run(self, plan, token, retries):
        command = [self._binary, "-u", USER, "--password-stdin", "--plain-http", "-q",
                   "--retries", str(retries), "--timeout", "30", self.registry.host]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self._home)}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=environment, cwd="/") as process:
            process.stdin.write(f"{token}\n".encode())
            process.stdin.close()
            if plan == "killed early":
                time.sleep(self._random.uniform(0, KILL_EARLY_MAX))
                process.kill()
            elif plan == "killed late":
                self._proved.wait(TIME_LIMIT)
                time.sleep(self._random.uniform(0, KILL_LATE_MAX))
                process.kill()
            self._said = process.stderr.read().decode()
            return process.wait(TIME_LIMIT)

    def _judge(self, plan, token, status):
        entry = self._entry()
        if plan.startswith("killed"):
            assert status in (0, -9), (plan, status, self._said)
            assert entry in (self.expected, token), "neither the old entry nor the new one"
            assert status != 0 or entry == token, "success said, and not stored"
            self.stored_though_killed += status != 0 and entry == token
            self.expected = entry
            return
        assert status in MAY_END[plan], (plan, status, self._said)
        if status == 0:
            self.expected = token
        assert entry == self.expected, (plan, status, "the file holds another entry")

    def _entry(self):
        """The token in the file, which is whole at every moment."""
        try:
            auths = json.loads(self._config.read_bytes())["auths"]
        except FileNotFoundError:
            return None
        if self.registry.host not in auths:
            return None
        return base64.b64decode(auths[self.registry.host]["auth"]).decode().removeprefix(f"{USER}:")


def soak(binary, directory, logins, seed, customers=8):
    """Log in `logins` times and once more each; return the figures, or raise AssertionError."""
    home = Path(directory)
    before = len(os.listdir("/proc/self/fd"))
    began = time.monotonic()
    all_customers = [Customer(binary, home, seed * 1000 + n) for n in range(customers)]
    failures = []

    def work(customer, count):
        try:
            for _ in range(count):
                if failures:
                    return
                customer.log_in()
        except Exception as error:      # told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(one, (logins + n) // customers))
               for n, one in enumerate(all_customers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    littered = len(_litter(home))
    all_customers[0].log_in("nothing")      # it clears away what killed ones left
    for one in all_customers:
        one.registry.close()
    _check_end(home, all_customers)
    return _figures(all_customers, time.monotonic() - began) | {
        "temporaries left by the last killed": littered,
        "descriptors more than before": len(os.listdir("/proc/self/fd")) - before}


def _litter(home):
    return [path for path in (home / ".docker").iterdir() if path.name != "config.json"]


def _check_end(home, customers):
    expected = {one.registry.host: base64.b64encode(f"{USER}:{one.expected}".encode()).decode()
                for one in customers if one.expected is not None}
    held = json.loads((home / ".docker" / "config.json").read_bytes())
    assert held == {"auths": {host: {"auth": value} for host, value in expected.items()}}
    assert not _litter(home), _litter(home)
    directory = os.open(home / ".docker", os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)       # or somebody still has it
    os.close(directory)


def _figures(customers, seconds):
    total = {"logins": 0, "seconds": round(seconds, 1), "registries": len(customers)}
    plans = sum((one.plans for one in customers), collections.Counter())
    statuses = sum((one.statuses for one in customers), collections.Counter())
    total["logins"] = sum(plans.values())
    total["met"] = dict(sorted(plans.items()))
    total["ended with"] = dict(sorted(statuses.items()))
    total["killed when it was stored already"] = sum(one.stored_though_killed for one in customers)
    total["requests"] = sum(len(one.registry.requests) for one in customers)
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=Path)
    parser.add_argument("--logins", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ghcr-login-soak-") as directory:
        print(json.dumps(soak(options.binary.resolve(), directory, options.logins, options.seed),
                         indent=2))


if __name__ == "__main__":
    main()
