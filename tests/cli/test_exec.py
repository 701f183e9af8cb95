"""exec: the command has the login, and nobody else, and nothing of it is left.

The runtime directory stands below the test's own, so the harness looks for leaks and leftovers in
every place that a run could use.
"""

import fcntl
import json
import os
import re
import signal
import subprocess
import tempfile
import termios
import time
import uuid
from pathlib import Path

import pytest

import faults
from conftest import can_trace, mount_bindfs, needs_root
from harness import OTHER_TOKEN, PACE, TERMINAL, TOKEN, USER, WITHOUT_PRIVILEGES, auth
from people import ORDINARY, UNKNOWN

PYTHON = ("/usr/bin/python3", "-c")
# Says READY, then the name of each signal that comes; SIGTERM ends it.
NAMES = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGTERM", "SIGABRT", "SIGPWR", "SIGWINCH",
         "SIGXCPU", "SIGRTMIN")
COUNTING = f"""
import signal
names = [getattr(signal, name) for name in {NAMES}]
signal.pthread_sigmask(signal.SIG_BLOCK, names)
print("READY", flush=True)
while True:
    got = signal.Signals(signal.sigwait(names))
    print(got.name, flush=True)
    if got == signal.SIGTERM:
        raise SystemExit(3)
"""


@pytest.fixture
def runtime(login):
    path = login.directory / "run"
    path.mkdir(mode=0o700)
    return path


class Exec:
    """Runs `exec` against a loopback registry, with the token in a variable."""

    def __init__(self, login, server, runtime):
        self.login, self.server, self.runtime = login, server, runtime

    def arguments(self, *command, options=()):
        given = options if "--password-stdin" in options else ("--token-env", "T_TOKEN", *options)
        return ("exec", "-u", USER, "--plain-http", *given, self.server.host, "--", *command)

    def environment(self, env=None, token=TOKEN):
        return {"T_TOKEN": token, "XDG_RUNTIME_DIR": self.runtime, **(env or {})}

    def start(self, *command, options=(), env=None, token=TOKEN, **how):
        return self.login.start(*self.arguments(*command, options=options),
                                env=self.environment(env, token), **how)

    def __call__(self, *command, **how):
        return self.start(*command, **how).finish()

    def sh(self, script, **how):
        return self("sh", "-c", script, **how)

    def directories(self):
        return list(self.runtime.glob("ghcr-login-exec.*"))


@pytest.fixture
def run(login, server, runtime):
    return Exec(login, server, runtime)


def ran(result, stdout="", status=0):
    assert (result.status, result.stdout, result.stderr) == (status, stdout, ""), result


def refused(result, *words, status=125):
    assert result.status == status and result.stdout == "", result
    assert result.stderr.startswith("ghcr-login: "), result
    for word in words:
        assert word in result.stderr, (word, result)
    return result


def until(condition, limit=5.0):
    end = time.monotonic() + limit * PACE
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.005)


def next_line(running):
    return running.process.stdout.readline().decode().strip()


class Waiting:
    """A command that runs until it is told to end."""

    def __init__(self, run, **how):
        reader, self._writer = os.pipe()
        with os.fdopen(reader, "rb") as stdin:
            self.running = run.start("sh", "-c", "echo READY; exec cat", stdin=stdin, **how)
        assert next_line(self.running) == "READY"

    def finish(self):
        os.close(self._writer)
        return self.running.finish()


@pytest.mark.parametrize("status", [0, 1, 7, 125, 255])
def test_the_status_and_the_output_are_the_commands(run, status):
    ran(run.sh(f"echo out; exit {status}"), "out\n", status)


def test_json_is_for_failures(run):
    ran(run("echo", "out", options=["--json"]), "out\n")


def test_verbose_says_what_is_run(run):
    result = run("echo", "out", options=["-v"])
    assert result.stdout == "out\n"
    assert result.stderr.endswith(f"ghcr-login: running 'echo' with a login to {run.server.host}\n")


def test_options_behind_the_dashes_are_the_commands(run):
    ran(run("echo", "--json", "--help", "--", "-q"), "--json --help -- -q\n")


def test_a_token_that_is_refused_runs_nothing(run):
    result = run("echo", "out", token=OTHER_TOKEN)
    refused(result, "refused")


def test_a_failure_has_its_class_in_json(run):
    result = run("echo", "out", token=OTHER_TOKEN, options=["--json"])
    assert result.status == 125 and result.json["result"] == "failed"
    assert result.json["error"]["status"] == 4 and result.json["changed"] is False


@pytest.mark.parametrize("args", [
    ["exec", "-u", USER], ["exec", "-u", USER, "--"], ["exec", "--podman", "--", "true"],
    ["exec", "--for-user", "root", "--", "true"], ["exec", "--dry-run", "--", "true"],
    ["exec", "-u", USER, "true", "other", "--", "true"],
], ids=" ".join)
def test_a_mistake_on_the_command_line(login, runtime, args):
    refused(login(*args, env={"XDG_RUNTIME_DIR": runtime}), "try 'ghcr-login --help'")
    result = login("exec", "--json", *args[1:], env={"XDG_RUNTIME_DIR": runtime})
    assert result.status == 125 and result.json["error"]["status"] == 2


def test_a_namespace_as_each_reader_has_it(login, server, runtime):
    """As for a login: docker keeps one credential a host, podman one for the namespace."""
    show = "import json, os; print(*json.load(open(os.environ['%s']%s))['auths'])"
    for script, key in ((show % ("DOCKER_CONFIG", " + '/config.json'"), server.host),
                        (show % ("REGISTRY_AUTH_FILE", ""), f"{server.host}/owner")):
        result = login("exec", "-u", USER, "--token-env", "T_TOKEN", f"{server.host}/owner", "--",
                       *PYTHON, script, env={"T_TOKEN": TOKEN, "XDG_RUNTIME_DIR": runtime})
        assert (result.status, result.stdout) == (0, f"{key}\n"), result
        assert f"docker keeps one credential for all of '{server.host}'" in result.stderr


def test_no_registry(login, runtime):
    refused(login("exec", "-u", USER, "no_registry.example", "--", "true",
                  env={"XDG_RUNTIME_DIR": runtime}), "registry",
            "hint: give it as HOST[:PORT], like ghcr.io or registry.example.com:5000")


@pytest.mark.parametrize("command, status", [("nonesuch", 127), ("/nonesuch", 127), ("/etc", 126)])
def test_a_command_that_cannot_be_run(run, command, status):
    assert "--help" not in refused(run(command), f"cannot run '{command}'", status=status).stderr
    result = run(command, options=["--json"])
    assert result.status == status and result.json["files"] == []


@pytest.mark.parametrize("name", NAMES)
def test_signals_are_handed_on_and_the_directory_goes(run, name):
    running = run.start(*PYTHON, COUNTING)
    assert next_line(running) == "READY"
    assert len(run.directories()) == 1
    running.process.send_signal(getattr(signal, name))
    assert next_line(running) == name
    if name != "SIGTERM":
        running.process.send_signal(signal.SIGTERM)
        assert next_line(running) == "SIGTERM"
    ran(running.finish(), status=3)


def test_a_terminal_interrupts_once(run):
    """Its ^C goes to the whole group; twice, and compose would drop what it is stopping."""
    running = run.start(*PYTHON, COUNTING, stdin=TERMINAL,
                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    assert next_line(running) == "READY"
    os.write(running._held[0], b"\x03")
    assert next_line(running) == "SIGINT"
    running.process.send_signal(signal.SIGTERM)
    assert next_line(running) == "SIGTERM"
    ran(running.finish(), status=3)


def test_a_signal_during_the_login(run):
    run.server.on("token", faults.silence())
    running = run.start("echo", "out")
    until(lambda: "token" in run.server.endpoints)
    running.process.send_signal(signal.SIGTERM)
    ran(running.finish(timeout=5), status=128 + signal.SIGTERM)


def test_a_command_that_is_killed(run):
    ran(run.sh("kill -9 $$"), status=128 + signal.SIGKILL)
    ran(run.sh("kill -TERM $$"), status=128 + signal.SIGTERM)


def killed(run):
    """Kill the program itself while its command runs; return the directory that stays."""
    before = set(run.directories())
    running = run.start(*PYTHON, COUNTING)
    assert next_line(running) == "READY"
    running.process.kill()
    running.process.wait()
    assert running.process.stdout.read() == b"SIGTERM\n"    # and then the command has ended
    running.process.stdout.close()
    running.process.stderr.close()
    (left,) = set(run.directories()) - before
    return left


def test_what_a_killed_run_leaves_is_removed_by_the_next(run):
    first, second = killed(run), killed(run)
    assert not first.exists()
    assert (second / "docker/config.json").exists()
    ran(run("true"))
    assert run.directories() == []


def test_a_login_that_fails_sweeps_too(run):
    killed(run)
    refused(run("true", token=OTHER_TOKEN), "refused")
    assert run.directories() == []


def test_what_a_command_left_outside_is_not_followed(run):
    """A link in a directory that is swept leads out: what it leads to stays."""
    left, precious = killed(run), run.login.home / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    (left / "docker" / "link").symlink_to(precious)
    ran(run('sh', '-c', f'ln -s {precious} "$DOCKER_CONFIG/link"; mkdir -p "$DOCKER_CONFIG/a/b"; '
                        'touch "$DOCKER_CONFIG/a/b/c"; chmod 0 "$DOCKER_CONFIG/a"'))
    assert run.directories() == [] and (precious / "file").read_text() == "kept"


def stale(place, name, marker="ghcr-login-exec.lock"):
    """As a killed run leaves it."""
    path = place / f"ghcr-login-exec.{name}"
    (path / "docker").mkdir(parents=True)
    (path / marker).touch()
    return path


def test_a_run_that_lives_is_not_swept(run):
    waiting = Waiting(run)
    (directory,) = run.directories()
    run_in_place(run)
    assert (directory / "docker/config.json").exists()
    ran(waiting.finish())
    assert run.directories() == []


def run_in_place(run, count=1):
    """Runs at once, past the harness, to which the one's directory is the other's litter."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(run.login.home),
           **{name: str(value) for name, value in run.environment().items()}}
    script = ('set -e; test -s "$DOCKER_CONFIG/config.json"; mkdir "$DOCKER_CONFIG/own"; '
              'sleep 0.05; test -s "$REGISTRY_AUTH_FILE"; test -d "$DOCKER_CONFIG/own"; echo done')
    argv = [run.login.binary, *run.arguments("sh", "-c", script)]
    started = [subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE) for _ in range(count)]
    for process in started:
        assert (*process.communicate(timeout=60), process.returncode) == (b"done\n", b"", 0)


def test_many_at_once(run):
    """Each sweeps while others are born, live and end; some find what killed runs left."""
    for number in range(20):
        stale(run.runtime, f"stale{number}")
    run_in_place(run, count=20)
    assert run.directories() == []


def test_the_input_is_the_commands(run):
    ran(run("cat", stdin=b"input"), "input")


def test_no_input_where_the_token_came_from_there(run):
    ran(run("cat", options=["--password-stdin"], stdin=f"{TOKEN}\n".encode()))
    ran(run("readlink", "/proc/self/fd/0", options=["--password-stdin"],
            stdin=f"{TOKEN}\n".encode()), "/dev/null\n")


def test_the_environment_has_no_token(run):
    result = run("env", env={"GHCR_TOKEN": OTHER_TOKEN, "SAME_TOKEN": TOKEN, "KEPT": "yes",
                             "BASIC": auth(USER, TOKEN), "SSLKEYLOGFILE": "keys"})
    names = dict(line.split("=", 1) for line in result.stdout.splitlines())
    assert names.keys().isdisjoint({"GHCR_TOKEN", "SAME_TOKEN", "T_TOKEN", "BASIC"})
    assert names["KEPT"] == "yes" and names["SSLKEYLOGFILE"] == "keys"
    directory = Path(names["DOCKER_CONFIG"]).parent
    assert directory.parent == run.runtime
    assert Path(names["REGISTRY_AUTH_FILE"]).parent.parent == directory


def shown(run, entries, **how):
    """What the command finds in the files named, relative to its private directory."""
    script = "; echo ---; ".join(f'cat "$DOCKER_CONFIG/../{entry}"' for entry in entries)
    marked = run.sh(f"({script}) | sed 's/{re.escape(auth(USER, TOKEN))}/OURS/'", **how)
    assert marked.status == 0 and marked.stderr == "", marked
    return [json.loads(text) for text in marked.stdout.split("---")]


DOCKER, PODMAN = "docker/config.json", "podman/auth.json"


def test_nothing_there_yet(run):
    entry = {"auths": {run.server.host: {"auth": "OURS"}}}
    assert shown(run, [DOCKER, PODMAN]) == [entry, entry]
    assert list(run.login.home.iterdir()) == []


def test_the_users_own_configuration(run):
    own = {"auths": {"other.example": {"auth": "YTpi"}}, "credsStore": "nonesuch",
           "credHelpers": {"helped.example": "nonesuch"}, "currentContext": "far",
           "proxies": {"default": {"httpProxy": "http://proxy.example"}}}
    run.login.write_config(json.dumps(own))
    ours = {**own, "auths": {**own["auths"], run.server.host: {"auth": "OURS"}},
            "credHelpers": {**own["credHelpers"], run.server.host: ""}}
    assert shown(run, [DOCKER])[0] == ours
    assert json.loads(run.login.config.read_text()) == own


def test_the_rest_of_the_directory(run):
    """contexts, cli-plugins, buildx: links, through which the command may write."""
    docker = run.login.home / ".docker"
    for name in ("contexts/meta", "cli-plugins", "buildx"):
        (docker / name).mkdir(parents=True)
    (docker / "cli-plugins" / "docker-x").write_text("plugin")
    ran(run.sh('cd "$DOCKER_CONFIG" && ls && cat cli-plugins/docker-x && test -d contexts/meta && '
               'rm cli-plugins/docker-x'), "buildx\ncli-plugins\nconfig.json\ncontexts\nplugin")
    assert list((docker / "cli-plugins").iterdir()) == []


@pytest.mark.parametrize("how", ["DOCKER_CONFIG", "--config", "relative"])
def test_a_configuration_elsewhere(run, how):
    elsewhere = run.login.work / "elsewhere"
    (elsewhere / "contexts").mkdir(parents=True)
    (elsewhere / "config.json").write_text('{"detachKeys":"ctrl-x"}')
    options = {"--config": ["--config", elsewhere], "relative": ["--config", "elsewhere"]}
    env = {"DOCKER_CONFIG": elsewhere} if how == "DOCKER_CONFIG" else {}
    found = shown(run, [DOCKER], env=env, options=options.get(how, []))[0]
    assert found["detachKeys"] == "ctrl-x" and "auths" in found
    ran(run.sh('cd / && test -d "$DOCKER_CONFIG/contexts/."', env=env,
               options=options.get(how, [])))
    assert (elsewhere / "config.json").read_text() == '{"detachKeys":"ctrl-x"}'


def test_a_home_that_is_none(run):
    """Nothing is kept there: HOME=/dev/null is how a service says that it has no home."""
    script = 'test -s "$DOCKER_CONFIG/config.json" && echo ok'
    ran(run.sh(script, env={"HOME": "/dev/null"}), "ok\n")
    needs_root()
    ran(run.sh(script, env={"HOME": None}, through=UNKNOWN), "ok\n")


@pytest.mark.parametrize("where, beside, words", [
    (".docker/config.json", ":443", "nerdctl uses first"),
    (".config/containers/auth.json", "/octo", "podman uses for images below it")])
def test_a_warning_names_the_users_own_file(run, where, beside, words):
    path, key = run.login.home / where, f"{run.server.host}{beside}"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"auths": {key: {"auth": "YTpi"}}}))
    result = run("echo", "out")
    assert result.stdout == "out\n" and words in result.stderr, result
    assert result.stderr.startswith(f"warning: '{path}' also has an entry '{key}'"), result


PODMANS = {
    "--authfile": lambda run: run.login.work / "named.json",
    "REGISTRY_AUTH_FILE": lambda run: run.login.work / "named.json",
    "runtime": lambda run: run.runtime / "containers/auth.json",
    "persistent": lambda run: run.login.home / ".config/containers/auth.json",
    "docker": lambda run: run.login.config,
}


@pytest.mark.parametrize("how", PODMANS)
def test_podmans_own_file(run, how):
    file = PODMANS[how](run)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"auths":{"podman.example":{"auth":"YTpi"}}}')
    found, = shown(run, [PODMAN], options=["--authfile", file] if how == "--authfile" else [],
                   env={"REGISTRY_AUTH_FILE": file} if how == "REGISTRY_AUTH_FILE" else {})
    assert found["auths"].keys() == {"podman.example", run.server.host}


@pytest.mark.parametrize("text", ["{", '{"auths":[]}', '{"a":1,"a":2}', '{"credHelpers":1}x'])
def test_a_malformed_configuration_is_named_and_nothing_is_sent(run, text):
    run.login.write_config(text)
    result = run("true")
    refused(result, f"'{run.login.config}'")
    assert run.server.requests == []


def test_a_configuration_that_cannot_be_read(run):
    run.login.write_config("{}", mode=0)
    refused(run("true", unprivileged=True), str(run.login.config), "Permission denied")


def test_a_configuration_that_is_no_directory(run):
    (run.login.home / ".docker").write_text("")
    refused(run("true"), f"'{run.login.home}/.docker'", "Not a directory")
    assert run.server.requests == []


def test_too_long_a_path_of_podmans_file(run):
    refused(run("true", through=("env", f"REGISTRY_AUTH_FILE={'/x' * 3000}")), "too long")
    assert run.server.requests == []


def test_a_runtime_directory_with_too_long_a_path(run):
    """There is room for the directory's name, but not for the names in it."""
    path = str(run.runtime)
    while len(path) < 4070:
        path += "/" + "d" * min(200, 4070 - len(path))
        os.mkdir(path, 0o700)
    refused(run("true", env={"XDG_RUNTIME_DIR": path}), "too long")


def test_what_cannot_be_removed_is_told(run):
    """Its name stays; the credential does not."""
    script = f"test -s $REGISTRY_AUTH_FILE && chmod 500 '{run.runtime}' && exit 3"
    closed = subprocess.run(
        [*WITHOUT_PRIVILEGES, run.login.binary, *run.arguments("sh", "-c", script)],
        env={"PATH": "/usr/bin:/bin", **run.environment(), "HOME": run.login.home},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    run.runtime.chmod(0o700)
    left, = run.directories()
    assert closed.returncode == 3 and list(left.iterdir()) == []
    assert closed.stderr == f"ghcr-login: cannot remove '{left}': Permission denied\n"
    ran(run("true"))
    assert run.directories() == []


# The place that comes next is this test's own.
OWN_MEMORY = "mount -t tmpfs -o mode=1777 tmpfs /dev/shm"
# A container from scratch has no /dev/null.
NO_DEVICES = "mount -t tmpfs tmpfs /dev"


@pytest.mark.parametrize("setup", [
    NO_DEVICES, "echo text >/mnt/null; mount --bind /mnt/null /dev/null",
    "mkfifo /mnt/null; mount --bind /mnt/null /dev/null",
    "mknod -m 0 /mnt/null c 1 3; mount --bind /mnt/null /dev/null"],
    ids=["none", "file", "fifo", "unreadable"])
def test_no_input_without_its_device(run, space, setup):
    """Where the token came by a pipe, the command must not have the rest of it."""
    through = (*space("mount -t tmpfs tmpfs /mnt", setup).through,
               "setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
    ran(run("cat", options=["--password-stdin"], stdin=TOKEN.encode(), through=through))
    ran(run("echo", "out", through=through), "out\n")


@pytest.mark.parametrize("limit, filling", [
    ("size=16k", "head -c 64k /dev/zero >filling || true"), ("nr_inodes=9", "touch filling"),
    ("nr_inodes=16", "touch filling")])
def test_a_place_that_is_full(run, space, limit, filling):
    """A directory can still be made there, and nothing, or not all, be put into it."""
    docker = run.login.home / ".docker"
    docker.mkdir()
    for name in "abcd":
        (docker / name).touch()
    full = space(OWN_MEMORY, f"mount -t tmpfs -o {limit},mode=700 tmpfs '{run.runtime}'",
                 f"cd '{run.runtime}'", filling, "cd /")
    result = run.sh('echo "${DOCKER_CONFIG%/*/*}"; test -s "$DOCKER_CONFIG/config.json"',
                    through=full.through)
    assert result.status == 0 and result.stderr == "", result
    assert result.stdout.strip() not in ("", str(run.runtime))
    assert os.listdir(full.path(run.runtime)) == ["filling"]


def test_a_place_with_less_room_than_the_users_file_takes(run, space):
    run.login.write_config(json.dumps({"auths": {}, "HttpHeaders": {"x": "y" * 200_000}}))
    small = space(OWN_MEMORY, f"mount -t tmpfs -o size=256k,mode=700 tmpfs '{run.runtime}'")
    result = run.sh('echo "${DOCKER_CONFIG%/*/*}"; wc -c <"$DOCKER_CONFIG/config.json"',
                    through=small.through)
    assert result.status == 0 and result.stderr == "", result
    place, size = result.stdout.split()
    assert place != str(run.runtime) and int(size) > 200_000


def test_an_entry_that_cannot_be_removed(run, space):
    """Eight levels down there is a mount: that costs no time, now or in later runs."""
    here = space(f"mount -t tmpfs -o mode=700 tmpfs '{run.runtime}'")
    script = ('cd "$DOCKER_CONFIG"; for level in 1 2 3 4 5 6 7 8; do mkdir d; cd d; done; '
              'mkdir m; mount -t tmpfs tmpfs m; echo kept >m/file; exit 3')
    result = run.sh(script, through=here.through)
    assert result.status == 3 and result.took_less_than(5), result
    assert re.fullmatch(r"ghcr-login: cannot remove '[^']*': Device or resource busy\n",
                        result.stderr), result
    left, = here.path(run.runtime).iterdir()
    assert {path.relative_to(left).as_posix() for path in left.rglob("*") if path.is_file()} == {
        "docker/d/d/d/d/d/d/d/d/m/file", "ghcr-login-exec.lock"}
    assert run("true", through=here.through).took_less_than(5)


def test_a_signal_while_other_runs_leftovers_are_removed(run, space):
    """Nothing is held yet: it ends this run at once."""
    left = run.runtime / "ghcr-login-exec.stale1"
    here = space(f"mount -t tmpfs -o mode=700 tmpfs '{run.runtime}'", f"mkdir -p '{left}/docker'",
                 f"touch '{left}/ghcr-login-exec.lock'",
                 f"cd '{left}/docker' && seq 50000 | xargs touch && cd /")
    seen = here.path(left / "docker")
    running = run.start("echo", "out", through=here.through)
    until(lambda: len(os.listdir(seen)) < 50_000)
    running.process.terminate()
    result = running.finish(timeout=5)
    assert result.status == -signal.SIGTERM and result.stdout == "", result
    ran(run("true", through=here.through))
    assert os.listdir(here.path(run.runtime)) == []


@pytest.mark.parametrize("owner, mode, is_swept", [
    ("root", 0o777, False), ("root", 0o1777, True), ("daemon", 0o1777, False),
    ("nobody", 0o700, True), ("nobody", 0o777, False), ("nobody", 0o770, False)])
def test_another_directory_under_our_name(run, space, owner, mode, is_swept):
    """Somebody who shares TMPDIR gives our name to a directory of this user's.

    The one that is "left" has a marker, which the same somebody may have put there.
    """
    names = {"own": "ghcr-login-exec.abcdef", "left": "ghcr-login-exec.stale1"}
    here = space(OWN_MEMORY, "mount -t tmpfs tmpfs /mnt", "cd /mnt",
                 f"mkdir -m 700 {' '.join(names.values())}",
                 f"echo kept >{names['own']}/precious",
                 f"touch {names['left']}/ghcr-login-exec.lock", "chown -R nobody:nogroup .",
                 f"chown {owner} .", f"chmod {mode:o} .", "cd /")
    ran(run("true", through=(*here.through, *ORDINARY),
            env={"TMPDIR": "/mnt", "HOME": "/dev/null"}))
    assert set(os.listdir(here.path("/mnt"))) == {
        name for role, name in names.items() if role == "own" or not is_swept}
    assert here.path(f"/mnt/{names['own']}/precious").read_text() == "kept\n"


def test_a_place_where_others_give_names_comes_last(run, space):
    """Who may rename the directory there may lead the login, and the command, to another."""
    shared = space("mount -t tmpfs -o mode=755 tmpfs /dev/shm", "mount -t tmpfs tmpfs /mnt",
                   "chmod 777 /mnt")
    result = run.sh('echo "${DOCKER_CONFIG%/*/*}"', through=(*shared.through, *ORDINARY),
                    env={"TMPDIR": "/mnt", "HOME": "/dev/null"})
    ran(result, "/tmp\n")


FORWARDED = ["--multithreaded", "--enable-lock-forwarding", "-o",
             "attr_timeout=0,entry_timeout=0"]


@pytest.fixture(params=[[], FORWARDED], ids=["local-locks", "forwarded-locks"])
def two_hosts(request, login):
    """One directory as two hosts see it that have it over a network."""
    needs_root()
    back, *mounts = (login.directory / name for name in ("back", "m1", "m2"))
    for path in (back, *mounts):
        path.mkdir(mode=0o700)
    for mount in mounts:
        mount_bindfs(back, mount, *request.param)
    yield mounts
    for mount in mounts:
        subprocess.run(["umount", "--lazy", mount], check=True)


def age(directory):
    day_before = time.time() - 25 * 60 * 60
    os.utime(directory / "ghcr-login-exec.lock", (day_before, day_before))


@pytest.mark.parametrize("two_hosts, is_old", [([], False), (FORWARDED, False), (FORWARDED, True)],
                         indirect=["two_hosts"], ids=["local-locks", "forwarded-locks", "a day"])
def test_a_run_of_another_host_is_not_swept(run, two_hosts, is_old):
    first, second = two_hosts
    waiting = Waiting(run, env={"XDG_RUNTIME_DIR": first})
    directory, = second.glob("ghcr-login-exec.*")
    if is_old:
        age(directory)
    # Past the harness, to which the one's directory is the other's litter.
    other = subprocess.run([run.login.binary, *run.arguments("true")],
                           env={"PATH": "/usr/bin:/bin", "HOME": run.login.home, "T_TOKEN": TOKEN,
                                "XDG_RUNTIME_DIR": second}, capture_output=True, check=False)
    assert (other.returncode, other.stdout, other.stderr) == (0, b"", b"")
    assert (directory / "docker/config.json").exists()
    ran(waiting.finish())
    assert list(second.iterdir()) == []


def test_an_old_one_of_another_host_is_swept(run, two_hosts):
    first, second = two_hosts
    left = second / stale(first, "stale1").name
    ran(run("true", env={"XDG_RUNTIME_DIR": second}))
    assert list(second.iterdir()) == [left]
    age(left)
    ran(run("true", env={"XDG_RUNTIME_DIR": second}))
    assert list(second.iterdir()) == []


@pytest.mark.parametrize("form", ["{}", "/{}", "GHCR_TOKEN={}"])
def test_a_token_as_the_command(run, form):
    for options in ([], ["-v"], ["--json"], ["--no-verify"]):
        result = run(form.format(OTHER_TOKEN), options=options)
        assert result.status == 125 and OTHER_TOKEN not in result.stdout + result.stderr, result
        assert "revoke the token" in result.stdout + result.stderr, result
    assert run.server.requests == []


def test_no_place_for_the_private_directory(run, space):
    """Nor is there a home; the program is still where it was."""
    needs_root()
    program = run.login.binary.parent
    mounts = space("mount -t tmpfs -o mode=755 tmpfs /dev/shm", f"mount --bind '{program}' /mnt",
                   "mount -t tmpfs -o mode=755 tmpfs /tmp",
                   f"mkdir -p '{program}'", f"mount --bind /mnt '{program}'")
    refused(run("true", through=(*mounts.through, *ORDINARY)),
            "cannot create a private directory in '/tmp'", "hint: set TMPDIR")


def test_no_process_to_spare(run):
    needs_root()
    refused(run("true", through=(*UNKNOWN, "prlimit", "--nproc=0", "--")),
            "cannot fork")


def test_docker_auth_config(run):
    """docker takes it before any file: our entry must not be shadowed, the others stay."""
    def variable(*hosts):
        return {"DOCKER_AUTH_CONFIG": json.dumps(
            {"auths": {host: {"auth": "YTpi"} for host in hosts}})}

    script = 'echo "${DOCKER_AUTH_CONFIG-unset}"'
    both = run.sh(script, env=variable(run.server.host, "other.example"))
    ran(both, both.stdout)
    assert json.loads(both.stdout) == {"auths": {"other.example": {"auth": "YTpi"}}}
    ran(run.sh(script, env=variable(run.server.host)), "unset\n")
    other = variable("other.example")
    ran(run.sh(script, env=other), other["DOCKER_AUTH_CONFIG"] + "\n")
    ran(run.sh(script, env={"DOCKER_AUTH_CONFIG": "{"}), "{\n")


def test_nothing_of_the_credential_is_anywhere_else(login, registry, runtime):
    """Below HOME, TMPDIR and the runtime directory: before, while the command runs, and after."""
    token = f"{TOKEN}{uuid.uuid4().hex}"    # /dev/shm has those of other runs
    run = Exec(login, registry(certificate=None, token=token), runtime)
    run.login.write_config('{"auths":{}}')
    value = auth(USER, token).encode()

    def holders():
        return {path for path in run.login.directory.rglob("*")
                if path.is_file() and value in path.read_bytes()}

    before = run.login.files()
    assert holders() == set()
    waiting = Waiting(run, token=token)
    (directory,) = run.directories()
    assert directory.stat().st_mode & 0o777 == 0o700
    assert holders() == {directory / DOCKER, directory / PODMAN}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in holders())
    status = Path(f"/proc/{waiting.running.pid}/status").read_text()
    assert "Umask:\t0077" in status
    if can_trace():
        environ = Path(f"/proc/{waiting.running.pid}/environ").read_bytes()
        assert environ.strip(b"\0") == b"", "the one that waits has no use for it"
    ran(waiting.finish())
    assert holders() == set() and run.login.files() == before
    found = subprocess.run(["grep", "-rqsF", value, "/dev/shm"], check=False)
    assert found.returncode != 0, "there is a copy in /dev/shm"


def test_the_command_starts_as_we_did(run):
    script = ("import os, resource, signal, sys\n"
              "print(oct(os.umask(0)), resource.getrlimit(resource.RLIMIT_CORE)[0],\n"
              "      *(signal.getsignal(n).name for n in (signal.SIGXFSZ, signal.SIGCHLD)),\n"
              "      signal.pthread_sigmask(signal.SIG_BLOCK, []), len(os.listdir('/proc/self/fd')))")
    plain = subprocess.run([*PYTHON, script], capture_output=True, text=True, check=True,
                           preexec_fn=lambda: os.umask(0o027), restore_signals=True).stdout
    ran(run(*PYTHON, script, preexec_fn=lambda: os.umask(0o027)), plain)
    ignored = subprocess.run(
        [run.login.binary, *run.arguments("grep", "SigIgn", "/proc/self/status")],
        env={"HOME": str(run.login.home), "PATH": "/usr/bin:/bin",
             **{name: str(value) for name, value in run.environment().items()}},
        preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN), restore_signals=False,
        capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    assert int(ignored.split()[1], 16) & 1 << signal.SIGPIPE - 1


def test_without_a_runtime_directory(run):
    """/run/user/UID, /dev/shm, TMPDIR or /tmp: what this machine has."""
    ran(run.sh('case "$DOCKER_CONFIG" in /dev/shm/*|/tmp/*|/run/*|"$TMPDIR"/*) echo ok;; esac',
               env={"XDG_RUNTIME_DIR": None}), "ok\n")


def test_no_verify_asks_nobody(run):
    ran(run("echo", "out", options=["--no-verify"]), "out\n")
    assert run.server.requests == []


@pytest.mark.parametrize("images, status", [
    (["open:1", "none:1"], 125), (["open:1"], 0), ([], 125)], ids=["one not", "all", "none named"])
def test_images_from_standard_input(run, images, status):
    """The list is read to its end: the command has nothing of it."""
    run.server.images["team/open:1"] = "private"
    text = "".join(f"{run.server.host}/team/{image}\n" for image in images)
    with tempfile.TemporaryFile() as stdin:
        stdin.write(b"# the list\n" + text.encode())
        stdin.seek(0)
        result = run.sh("echo ran; cat", options=["--can-pull", "-"], stdin=stdin)
    if status == 0:
        ran(result, "ran\n")
    else:
        refused(result, "none:1" if images else "no image name")
    assert bool(run.server.asked("manifest")) == bool(images), result


def test_an_image_that_may_not_be_pulled(run):
    refused(run("echo", "out", options=["--can-pull", f"{run.server.host}/nobody/none:1"]),
            "nobody/none")
