"""Runs the real binary as a script would, and looks for leaks after every run.

    result = login("-u", "octocat", "--password-stdin", registry.host, stdin=b"token\n")
    result = login.to(registry, "--json")           # the same with the usual arguments
    result.succeeded()
    result.failed(4, "refused")

Every run gets a throwaway HOME and an environment with nothing in it but PATH, HOME,
TMPDIR and what the test gives. After every run, whatever the test is about:

  - no secret in play is in stdout, stderr, or the name or content of any file below the
    test's directory, save as the `auth` value of the auth file itself;
  - nothing new lies there but the auth file and its directory;
  - if the login failed, the auth file is byte for byte what it was.
"""

import base64
import itertools
import json
import os
import pty
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import places

# Published test fixtures of secret scanners, in two parts so that scanners do not bite.
TOKEN = "ghp_" + "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V4"
OTHER_TOKEN = "ghp_" + "HEEjXavM6wKtyhAUwDblMznMEhWyTt4XwY6f"
# The two long kinds, in their lengths of 93 and 520; libb64 breaks lines from 54 bytes on.
FINE_GRAINED = "github_pat_" + "11AAAAAAA0kT5wXn3QbY7e" + "_" + "zR9" * 19 + "Qx"
JWT = "eyJhbGciOiJSUzI1NiJ9" + "." + "aB-c_" * 88 + "." + "Qz0-_9" * 7 + "Qz0-"
STATELESS = "ghs_" + "1234567_" + JWT

USER = "octocat"
TIME_LIMIT = 60.0   # a sanitizer's build beside others is slow; no test measures by it
# How many times slower the program is than the one that is shipped, under valgrind for one. It gets
# as many times the seconds: those that options give it, and those that a test allows it.
PACE = int(os.environ.get("GHCR_LOGIN_TEST_PACE", "1"))
# Instrumented builds need these; they say nothing about the login.
PASSED_ON = re.compile(r"(ASAN|LSAN|UBSAN|GCOV|LLVM_PROFILE)_")
# Root may read everything; without capabilities even root must obey file modes.
WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
# A run that has to wait says so, once.
WAITS = re.compile(r"ghcr-login: (waiting for '[^']*', for|.*; trying again for) up to \d+ s"
                   r"( more)? \(--timeout\)\n")
# Bytes of a secret that is looked for: a shorter one may stand in any path by chance.
LEAST = 8
AUTH_VALUE = re.compile(rb'("auth"\s*:\s*")[A-Za-z0-9+/=]*"')

TERMINAL = object()     # standard input is a terminal on which nobody types


@dataclass(frozen=True)
class Held:
    """Standard input is a pipe that brings `data` and then stays open."""

    data: bytes = b""


@dataclass(frozen=True)
class Result:
    status: int
    stdout: str
    stderr: str
    seconds: float

    def took_less_than(self, seconds):
        return self.seconds < seconds * PACE

    @property
    def json(self):
        """The one object on standard output."""
        found = json.loads(self.stdout)
        assert isinstance(found, dict), self
        return found

    def succeeded(self, *facts):
        """In one line, and one for each fact: of --diagnose, and `pulls()` of --can-pull."""
        assert self.status == 0, self
        first, *said = self.stdout.splitlines()
        assert first.startswith("Login Succeeded") and self.stdout.endswith("\n"), self
        assert said == list(facts), self
        assert WAITS.sub("", self.stderr) == "", self
        return self

    def failed(self, status, *words):
        """It ended with `status`, said why on stderr, with these words, and only there."""
        assert self.status == status, self
        assert self.stdout == "", self
        assert self.stderr.startswith("ghcr-login: "), self
        for word in words:
            assert word.lower() in self.stderr.lower(), (word, self)
        return self


def _paced(args):
    """With the limits of a run's time in seconds of its own."""
    options = [None, *args]
    return [str(int(value) * PACE)
            if option in ("--timeout", "--connect-timeout") and re.fullmatch("[1-9][0-9]?", value)
            else value for option, value in zip(options, args)]


class Login:
    """Runs the binary for one test, below `directory`."""

    def __init__(self, binary, directory, ca_file, through=()):
        self.binary = binary
        self.through = through      # a command that runs it, as another user for one
        self.ca_file = ca_file
        self.directory = Path(directory)
        self.home, self.work, self.tmp = (self.directory / name for name in ("home", "work", "tmp"))
        for path in (self.home, self.work, self.tmp):
            path.mkdir(mode=0o700)
        self.config = self.home / ".docker" / "config.json"
        self.registries = []
        self.mounted_files = set()      # what stands behind an auth file that is a mount
        self._secrets = set()
        self._secret_files = set()

    def __call__(self, *args, **how):
        return self.start(*args, **how).finish()

    def put(self, name, text):
        """A file below the home, as a peer would have left it."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def to(self, registry, *args, user=USER, token=None, **how):
        """Log in to a loopback registry the usual way: user by flag, token on stdin."""
        token = registry.token if token is None else token
        how.setdefault("stdin", f"{token}\n".encode())
        trust = ["--cacert", self.ca_file] if registry.scheme == "https" else ["--plain-http"]
        return self("-u", user, "--password-stdin", *trust, *args, registry.host, **how)

    def start(self, *args, stdin=None, env=None, unprivileged=False, may_store=False, through=(),
              **popen):
        """Start it; `finish()` of what is returned waits for its end and looks for leaks."""
        if unprivileged and os.geteuid() == 0:
            through = (*through, *WITHOUT_PRIVILEGES)
        return Running(self, _paced(list(map(str, args))), stdin, dict(env or {}),
                       (*through, *self.through), may_store, popen)

    def protect(self, secret):
        """From now on `secret` may be nowhere but in the auth file."""
        if len(secret) >= LEAST:
            self._secrets.add(secret.encode() if isinstance(secret, str) else secret)

    def secret_file(self, content, name="token", mode=0o600):
        """A file that rightly holds a secret: what --token-file is given."""
        path = self.directory / name
        path.write_bytes(content)
        path.chmod(mode)
        self._secret_files.add(path.resolve())
        self._protect_lines(content)
        return path

    def write_config(self, content, mode=0o600):
        """Put an auth file where Docker has it."""
        self.config.parent.mkdir(mode=0o700, exist_ok=True)
        self.config.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.config.chmod(mode)

    def entry(self, host, path=None):
        """What the auth file holds for this host, decoded: "user:token"."""
        auths = json.loads((path or self.config).read_bytes())["auths"]
        return base64.b64decode(auths[host]["auth"], validate=True).decode()

    def _protect_lines(self, content):
        for line in re.split(rb"[\r\n\0]", content):
            self.protect(line.strip())

    def protect_inputs(self, env, stdin):
        for name, value in env.items():
            if name.endswith("TOKEN"):
                self.protect(value)
        self._protect_lines(stdin)

    def secrets(self):
        """Every form of every secret in play, as bytes to search for."""
        known = set(self._secrets)
        for registry in self.registries:
            if len(registry.token) >= LEAST:
                known.add(registry.token.encode())
            known.update(bearer.encode() for bearer in registry.issued)
        return {form for secret in known for form in _forms(secret)}

    def check_leaks(self, output, auth_files):
        secrets = self.secrets()
        for path in self.files():
            assert not _leak(os.fsencode(path.name), secrets), f"secret in the name of {path}"
            content = _content(path)
            if content is None or path.resolve() in self._secret_files:
                continue
            if places.real(path) in auth_files:
                content = AUTH_VALUE.sub(rb'\1"', content)
            assert not _leak(content, secrets), f"secret in {path}"
        for stream, text in output.items():
            assert not _leak(text, secrets), f"secret on {stream}"

    def files(self):
        """All below its directory. Another run may make and remove some of them meanwhile."""
        return {Path(at, name) for at, *names in os.walk(self.directory)
                for name in itertools.chain(*names)}


class Running:
    """A run of the binary that has not ended."""

    def __init__(self, login, args, stdin, env, through, may_store, popen):
        self._login = login
        self._may_store = may_store
        self._given = [*args, *map(str, env.values())]
        self._input = stdin if isinstance(stdin, bytes) else None
        self._held = []
        environment = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
        environment.update(PATH="/usr/bin:/bin", HOME=str(login.home), TMPDIR=str(login.tmp))
        environment.update(env)
        environment = {name: str(value) for name, value in environment.items()
                       if value is not None}
        login.protect_inputs(env, self._input or b"")
        self._auth_files = login.mounted_files | places.auth_files(args, environment, login.home,
                                                                   login.work)
        self._before = login.files()
        self._content = self._contents()
        popen = {"stdin": self._stdin(stdin), "stdout": subprocess.PIPE,
                 "stderr": subprocess.PIPE, "cwd": login.work, **popen}
        self._began = time.monotonic()
        self.process = subprocess.Popen([*through, str(login.binary), *args], env=environment,
                                        start_new_session=True, **popen)
        self.pid = self.process.pid
        self._check_proc()

    def finish(self, timeout=None):
        timeout = (timeout or TIME_LIMIT) * PACE
        try:
            stdout, stderr = self.process.communicate(self._input, timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            stdout, stderr = self.process.communicate()
            raise AssertionError(f"still running after {timeout} s; stderr: {stderr!r}") from None
        finally:
            seconds = time.monotonic() - self._began
            for descriptor in self._held:
                os.close(descriptor)
            self._held = []
        stdout, stderr = stdout or b"", stderr or b""
        self._login.check_leaks({"stdout": stdout, "stderr": stderr}, self._auth_files)
        allowed = {parent for path in self._auth_files for parent in (path, *path.parents)}
        left = self._login.files() - self._before - allowed
        assert not left, f"left behind: {left}"
        if self.process.returncode != 0 and not self._may_store:
            assert self._contents() == self._content, "the login failed and touched the auth file"
        # A program that is made slow says after 3 s that it waits, whatever the test is about.
        told = WAITS.sub("", stderr.decode()) if PACE > 1 else stderr.decode()
        return Result(self.process.returncode, stdout.decode(), told, seconds)

    def _contents(self):
        return {path: _content(path) for path in self._auth_files}

    def _stdin(self, stdin):
        if stdin is None:
            return subprocess.DEVNULL
        if isinstance(stdin, bytes):
            return subprocess.PIPE
        if stdin is TERMINAL:
            self._held = list(pty.openpty())
            return self._held[1]
        if isinstance(stdin, Held):
            self._login.protect_inputs({}, stdin.data)
            self._held = list(os.pipe())
            os.write(self._held[1], stdin.data)
            return self._held[0]
        return stdin

    def _check_proc(self):
        """What anybody on the host sees in ps, sampled once right after the start."""
        secrets = self._login.secrets()
        for name in ("cmdline", "environ"):
            try:
                shown = Path(f"/proc/{self.pid}/{name}").read_bytes()
            except OSError:
                continue    # it has ended, or is not dumpable, as it should be
            # The longest first: a part of it may have been given too.
            for value in sorted(self._given, key=len, reverse=True):
                shown = shown.replace(value.encode(), b"")
            assert not _leak(shown, secrets), f"secret in /proc/PID/{name}"


def pulls(image):
    """What --can-pull says of an image, named as it was given."""
    return f"image '{image}': can be pulled"


def auth(user, token):
    """The value of `auth` in an entry."""
    return base64.b64encode(f"{user}:{token}".encode()).decode()


def basic(user, token):
    """The value of an Authorization header."""
    return "Basic " + auth(user, token)


def _content(path):
    """The bytes of a regular file, or None where there is none or it may not be read."""
    try:
        return path.read_bytes() if path.is_file() else None
    except PermissionError:
        return None


def _leak(data, secrets):
    return any(secret in data for secret in secrets)


def _forms(secret):
    """The secret itself, and what it looks like inside any base64 that contains it.

    Base64 of "user:token" depends on the length of the user name, so all three positions
    within a group of three bytes are made, without the ends that depend on neighbours.
    """
    yield secret
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret).rstrip(b"=")
        inner = encoded[(0, 2, 3)[before]:(before + len(secret)) // 3 * 4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))
