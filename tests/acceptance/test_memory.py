"""What is left of the secrets in memory when the program ends."""

import itertools
import json
import os
import re
import time
from pathlib import Path

import pytest

import faults
import memory
from harness import OTHER_TOKEN, TOKEN, USER, auth
from helpers import Helper

WINDOW = 12     # so many bytes in a row are a part worth having
# ld.so keeps vector registers on the stack when it first looks a function up. What is installed
# has its own functions looked up at the start; a build for development has not.
EARLY = {"LD_BIND_NOW": "1"}


@pytest.fixture(autouse=True)
def _root():
    if os.geteuid() != 0:
        pytest.skip("needs root: nobody else may look into the process")


@pytest.fixture
def dump(tmp_path_factory):
    """Not where the harness looks for secrets: it may well hold some."""
    return tmp_path_factory.mktemp("memory") / "kept"


def _pieces(form):
    """Every WINDOW bytes of it: the allocator overwrites parts of what was not wiped."""
    return {form[at:at + WINDOW] for at in range(len(form) - WINDOW + 1)}


def remains(login, dump, token):
    """Where pieces of a secret still are: {what: [(process, mapping, address, length), ...]}."""
    named = {"token": token, "auth": auth(USER, token), "user:token": f"{USER}:{token}"}
    named["bearer"] = "".join(one for registry in login.registries for one in registry.issued)
    found = {}
    for mapping, (what, secret) in itertools.product(memory.kept(dump), named.items()):
        hits = {mapping.start + hit.start()
                for piece in _pieces(secret.encode())
                for hit in re.finditer(re.escape(piece), mapping.content)}
        for at in sorted(hits - {at + 1 for at in hits}):
            end = next(end for end in itertools.count(at) if end not in hits)
            found.setdefault(what, []).append((mapping.process, mapping.name, hex(at),
                                               end - at + WINDOW - 1))
    return found


def test_the_search_finds_what_is_there(login, registry, dump):
    """A control: the token in a variable that the program knows nothing of, in it and in the
    process that it has ask the registry."""
    server = registry(certificate=None)
    login.to(server, env={**EARLY, "SOME": f"a {TOKEN}"}, through=memory.keeping(dump)).succeeded()
    found = remains(login, dump, TOKEN)
    assert {(process, name) for process, name, _, _ in found["token"]} == {
        (0, "[stack]"), (1, "[stack]")}, found


@pytest.mark.parametrize("args", [(), ("--json",), ("--podman",), ("--no-verify",)])
def test_nothing_is_left(login, registry, dump, args):
    server = registry(certificate=None)
    result = login.to(server, *args, env=EARLY, through=memory.keeping(dump))
    assert result.status == 0, result
    assert not remains(login, dump, TOKEN)


@pytest.mark.parametrize("args", [(), ("--json",)])
def test_over_tls_the_last_record_is_left_to_the_tls_library(login, registry, dump, args):
    """Which has the registry's answer with the bearer in it, and in one place only, in the process
    that asks; see SECURITY in the manual. What was sent, the library has encrypted where it stood."""
    result = login.to(registry(), *args, env=EARLY, through=memory.keeping(dump))
    assert result.status == 0, result
    found = remains(login, dump, TOKEN)
    assert set(found) <= {"bearer"}, found
    assert [(process, name) for process, name, _, _ in found.get("bearer", [])] in (
        [], [(1, "[heap]")]), found


@pytest.mark.parametrize("secure", [True, False])
def test_nothing_is_left_of_a_refused_token(login, registry, dump, certificate, secure):
    server = registry(certificate=certificate if secure else None)
    login.protect(OTHER_TOKEN)
    login.to(server, token=OTHER_TOKEN, env=EARLY, through=memory.keeping(dump)).failed(4)
    assert not remains(login, dump, OTHER_TOKEN)


def test_nothing_is_left_of_a_token_from_a_file(login, registry, dump):
    server = registry(certificate=None)
    path = login.secret_file(f"{TOKEN}\n".encode())
    login("-u", USER, "--token-file", path, "--plain-http", server.host, env=EARLY,
          through=memory.keeping(dump)).succeeded()
    assert not remains(login, dump, TOKEN)


@pytest.mark.parametrize("taken", [TOKEN, OTHER_TOKEN])
def test_nothing_is_left_of_a_token_from_a_variable(login, registry, dump, taken):
    """The kernel's copy, which /proc/PID/environ shows, is wiped when it was read."""
    server = registry(certificate=None, token=TOKEN)
    login("-u", USER, "--token-env", "MY_TOKEN", "--plain-http", server.host,
          env={**EARLY, "MY_TOKEN": taken}, through=memory.keeping(dump))
    assert not remains(login, dump, taken)


def test_nothing_is_left_of_the_variable_for_github(ghcr, dump):
    ghcr("-u", USER, env={**EARLY, "GHCR_TOKEN": TOKEN},
         through=memory.keeping(dump)).succeeded()
    assert set(remains(ghcr.login, dump, TOKEN)) <= {"bearer"}


def test_nothing_is_left_of_what_a_helper_was_given(login, registry, dump):
    server = registry(certificate=None)
    helper = Helper(login)
    login.write_config(f'{{"credsStore":"{helper.name}"}}')
    for _ in range(2):      # it stores it, then has it
        result = login.to(server, env={**EARLY, **helper.environment},
                          through=memory.keeping(dump))
        assert result.status == 0, result
        assert not remains(login, dump, TOKEN)


@pytest.mark.parametrize("args", [(), ("--json",)])
def test_nothing_is_left_of_what_status_read(login, registry, dump, args):
    server = registry(certificate=None)
    login.write_config(f'{{"auths":{{"{server.host}":{{"auth":"{auth(USER, TOKEN)}"}}}}}}')
    result = login("status", "--plain-http", *args, server.host, env=EARLY,
                   through=memory.keeping(dump))
    assert result.status == 0 and server.issued, result
    assert not remains(login, dump, TOKEN)


def test_nothing_is_left_of_what_exec_gave(login, registry, dump):
    server = registry(certificate=None)
    runtime = login.directory / "run"
    runtime.mkdir(mode=0o700)
    result = login("exec", "-u", USER, "--plain-http", "--token-env", "MY_TOKEN", server.host,
                   "--", "true", env={**EARLY, "MY_TOKEN": TOKEN, "XDG_RUNTIME_DIR": runtime},
                   through=memory.keeping(dump))
    assert result.status == 0 and server.issued, result
    assert not remains(login, dump, TOKEN)


def in_memory(pid, secrets):
    """Which of the secrets a process that runs has in what it can write to."""
    content = b"".join(part for _, _, part in memory.writable(pid))
    return {secret for secret in secrets
            if secret.encode() in content or auth(USER, secret).encode() in content}


def test_who_asks_one_registry_has_no_credential_of_another(login, registry):
    """status --all: while all of them wait for an answer."""
    servers = [registry(certificate=None, token=f"password-of-registry-{i}") for i in range(3)]
    for server in servers:
        server.on("ping", faults.silence())
    login.write_config(json.dumps({"auths": {
        server.host: {"auth": auth(USER, server.token)} for server in servers}}))
    variable = {"auths": {"other.example": {"auth": auth(USER, servers[0].token)}}}
    running = login.start("status", "--all", "--docker", env={
        **EARLY, "GHCR_TOKEN": OTHER_TOKEN, "DOCKER_AUTH_CONFIG": json.dumps(variable)})
    end = time.monotonic() + 10
    while not all(server.endpoints for server in servers):
        assert time.monotonic() < end, "did not ask"
        time.sleep(0.01)
    parent = running.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    secrets = [OTHER_TOKEN, *(server.token for server in servers)]
    assert in_memory(parent, secrets) >= set(secrets[1:])       # a control
    held = [in_memory(pid, secrets) for pid in children]
    running.process.terminate()
    running.finish()
    assert sorted(map(len, held))[-3:] == [1, 1, 1] and set().union(*held) == set(secrets[1:]), held
