"""The scenario files of tests/data/scenarios, and the stage that one is played on.

    scenario = scenarios.read(path)
    with scenario.stage(ca, directory) as stage:
        ... run a client with stage.arguments, stage.environment and scenario.stdin ...
        assert stage.plain(message) == scenario.expect["message"]

The format is told at the top of tests/cli/test_scenarios.py.
"""

import configparser
import json
import re
import shlex
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

import faults
from certs import CertificateAuthority
from flavours import error
from github_api import GitHubApi
from harness import FINE_GRAINED, OTHER_TOKEN, STATELESS, TERMINAL, TOKEN, USER, Held, auth
from proxy import ConnectProxy
from registry import Registry

DIRECTORY = Path(__file__).resolve().parents[1] / "data" / "scenarios"

# What a file says instead of a secret. In two parts each, so that secret scanners do not bite.
SECRETS = {
    "CLASSIC": TOKEN,
    "OTHER": OTHER_TOKEN,
    "MISTYPED": "ghp_" + "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq11T4V5",
    "CUT": "ghp_" + "M7H4jxUDDWHP4kZ6A4dxlQYsQIWJuq",
    "FINE_GRAINED": FINE_GRAINED,
    "INSTALLATION": "ghs_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "STATELESS": STATELESS,
    "OAUTH": "gho_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "APP_USER": "ghu_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "REFRESH": "ghr_" + "1B4a2e77838347a7E420ce178F2E7c6912E169246c34E1ccbF66C46812d16D5B1A9Dc8",
    "FORTY_HEX": "0123456789abcdef0123" + "456789abcdef01234567",
    "BASE64": auth(USER, TOKEN),
    "PASSWORD": "correct-horse-battery",
}

KEYS = {
    "registry": {"name", "flavour", "knows", "images", "realm", "certificate"},
    "answers": {"ping", "token", "ping2", "manifest"},
    "api": {"knows", "owner", "scopes", "user", "packages"},
    "proxy": {"answer"},
    "run": {"arguments", "stdin"},
    "expect": {"status", "class", "message", "hint", "warnings", "like"},
}
FREE = {"environment", "files"}     # their keys are names of variables and of files

NAMED_ANSWERS = {"web page": faults.not_json(), "rate limited": faults.rate_limited(),
                 "silence": faults.silence(), "reset": faults.reset(), "close": faults.close()}


def read(path):
    return Scenario(Path(path))


def paths():
    return sorted(DIRECTORY.iterdir())


class Scenario:
    """One file: `title` is its first comment, `expect` what has to come out."""

    def __init__(self, path):
        text = path.read_text(encoding="utf-8")
        parser = configparser.ConfigParser(delimiters=("=",), comment_prefixes=("#",),
                                           interpolation=None, default_section=None)
        parser.optionxform = str
        parser.read_string(text, source=path.name)
        self.name = path.stem
        self.title = text.splitlines()[0].removeprefix("#").strip()
        self.sections = {name: dict(parser[name]) for name in parser.sections()}
        self.expect = self.of("expect")

    def of(self, section):
        return self.sections.get(section, {})

    @property
    def stdin(self):
        """As the harness wants it."""
        given = self.of("run").get("stdin")
        if given in (None, "terminal", "open"):
            return {"terminal": TERMINAL, "open": Held()}.get(given)
        return content(given)

    @property
    def warnings(self):
        return self.expect.get("warnings", "").strip().splitlines()

    def stage(self, ca, directory):
        return Stage(self, ca, Path(directory))


class Stage:
    """The registry, and what stands around it, for one scenario."""

    def __init__(self, scenario, ca, directory):
        self._scenario, self._ca, self._directory = scenario, ca, directory
        self._stack = ExitStack()
        self.files = {name: directory / name for name in scenario.of("files")}
        self.environment = {"SSL_CERT_FILE": str(ca.pem)}

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    @property
    def servers(self):
        return [self.registry, self.api] if self.api else [self.registry]

    @property
    def arguments(self):
        return [self._filled(word)
                for word in shlex.split(self._scenario.of("run").get("arguments", ""))]

    def plain(self, text):
        """What was said, without what differs from run to run."""
        for what, name in ((self.registry.host, "HOST"), (str(self._directory), "DIR"),
                           (str(self._ca.pem), "CA"),
                           (self.proxy.host if self.proxy else None, "PROXY")):
            text = text.replace(what, name) if what else text
        return text

    def _build(self):
        of, given = self._scenario.of, self._scenario.of("registry")
        self.name = given.get("name", "ghcr.io")
        options = {"token": _secrets_in(given.get("knows", "@CLASSIC@")),
                   "realm": given.get("realm"), "images": self._images(given)}
        self.registry = self._stack.enter_context(
            Registry(self._certificate(given), given.get("flavour", "ghcr"), user=USER, **options))
        for endpoint, answer in of("answers").items():
            self.registry.on(endpoint, self._fault(answer))
        if given.get("certificate") == "closed port":
            self.registry.close()
        self.proxy = self.api = None
        if self.name != "HOST" or of("proxy"):
            self._build_proxy(of("proxy"))
        if "api" in self._scenario.sections:
            self._build_api(of("api"))
        for name, value in of("environment").items():
            self.environment[name] = self._filled(value)

    def _build_proxy(self, given):
        answers = {"407": {"login": "clerk:proxy-password"},
                   "403": {"answer": faults.Answer(403, b"<html>Blocked</html>")},
                   "close": {"fault": lambda client: client.close()}}
        self.proxy = self._stack.enter_context(
            ConnectProxy(self.registry.port, **answers.get(given.get("answer"), {})))
        self.environment["https_proxy"] = self.proxy.url

    def _build_api(self, given):
        knows = given.get("knows", "@CLASSIC@")
        scopes = given.get("scopes", "read:packages")
        self.api = self._stack.enter_context(GitHubApi(
            self._ca.issue("api.github.com"), owner=given.get("owner", USER),
            token=None if knows == "nothing" else _secrets_in(knows),
            scopes=None if scopes == "not told" else scopes))
        for endpoint in ("user", "packages"):
            if endpoint in given:
                self.api.on(endpoint, self._fault(given[endpoint]))
        self.proxy.routes["api.github.com:443"] = self.api.port

    def _certificate(self, given):
        kind = given.get("certificate", "good")
        names = ["127.0.0.1", "localhost"] if self.name == "HOST" else [self.name]
        if "realm" in given:
            names.append(urlsplit(given["realm"]).hostname)
        if kind == "none":
            return None
        if kind == "of another name":
            names = ["registry.example.com"]
        if kind == "of an unknown authority":
            unknown = CertificateAuthority(self._directory.with_name("unknown-authority"))
            return unknown.issue(*names)
        begin = datetime.now(timezone.utc) + timedelta(days=1) if kind == "not yet valid" else None
        return self._ca.issue(*names, expired=kind == "expired", not_before=begin)

    def _images(self, given):
        return dict(line.rsplit(" ", 1) for line in given.get("images", "").strip().splitlines())

    def _fault(self, answer):
        first, *headers = answer.strip().splitlines()
        if first in NAMED_ANSWERS:
            return NAMED_ANSWERS[first]
        status, _, body = first.partition(" ")
        short = re.fullmatch(r"([A-Z_]+): (.*)", body)
        body = error(*short.groups()) if short else body.encode()
        fields = [tuple(each.split(": ", 1)) for each in headers]
        if body.startswith(b"{"):
            fields.insert(0, ("content-type", "application/json"))  # docker reads no other
        return faults.answer(int(status), body, fields)

    def _filled(self, text):
        return _secrets_in(text).replace("@HOST@", self.registry.host).replace(
            "@DIR@", str(self._directory))


def content(text):
    """The bytes that a quoted text stands for."""
    return json.loads(_secrets_in(text)).encode()


def _secrets_in(text):
    return re.sub(r"@([A-Z0-9_]+)@", lambda found: SECRETS.get(found[1], found[0]), text)
