"""The peers' own login suites as tables: what the user runs, and what each reader then finds.

The readers are real; they talk to peer_stub.py, which says what credential they came with. A name
of docker is each docker client of this machine.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import peer_stub
from harness import OTHER_TOKEN as SECRET
from harness import auth
from helpers import Helper

USER = "octocat"
SUPPORT = Path(peer_stub.__file__).parent
CLIENTS = [each for each in ("/usr/local/bin/docker", "/usr/bin/docker")
           if os.access(each, os.X_OK)]
HOSTS = "quay.io harbor.example.com docker.io index.docker.io registry-1.docker.io auth.docker.io"
V1 = "https://index.docker.io/v1/"
QUAY, HUB, HERE = "quay.io/team/app", "docker.io/team/app", "localhost:5999/team/app"

CONTAINERS = ("podman", "skopeo", "buildah")
DOCKER = ("docker",)
ALL = DOCKER + CONTAINERS
QUICK = (CLIENTS[0], "skopeo")      # one of each kind
NOBODY = ()


@pytest.fixture(scope="module")
def log(stack):
    """What the stub noted; the names of HOSTS are its own meanwhile."""
    hosts, path = stack.directory / "hosts", stack.directory / "peers.log"
    before = hosts.read_text()
    # In place: the file is mounted.
    hosts.write_text(f"{before}127.0.0.2 {HOSTS}\n")
    path.touch()
    stub = stack.sandbox.start("peers", [sys.executable, SUPPORT / "peer_stub.py", path])
    address, port = peer_stub.DAEMON
    ask = [sys.executable, "-c", "import sys, http.client as c;"
           f"c.HTTPConnection('{address}', {port}).request(*sys.argv[1:])"]
    stack.sandbox.wait_until("the stub", lambda: stack.run([*ask, "GET", "/"]).returncode == 0)
    yield path
    stack.run([*ask, "POST", "/stop"])
    stub.wait(10)
    hosts.write_text(before)


class Peers:
    """A person whose engines and registries are the stub."""

    def __init__(self, person, log):
        self.person, self.log = person, log
        self.runtime = person.home / "run"
        self.runtime.mkdir(mode=0o700)
        self.podmans = self.runtime / "containers" / "auth.json"
        self.helper = Helper(person.login, "vault")
        self.bin = person.home / "bin"
        self.bin.mkdir()
        self.environment = {
            "PATH": f"{self.bin}:{self.helper.directory}:{person.stack.environment('/')['PATH']}",
            "XDG_RUNTIME_DIR": str(self.runtime), "U": USER, "S": SECRET,
            "DOCKER_HOST": "tcp://{}:{}".format(*peer_stub.DAEMON)}

    def sh(self, script, **more):
        return self.person.sh(script, **{**self.environment, **more})

    def run(self, script, client=CLIENTS[0], **more):
        """As a user would, with `docker` this client; it must succeed and show no secret."""
        link = self.bin / "docker"
        link.unlink(missing_ok=True)
        link.symlink_to(client)
        done = self.sh(script, **more)
        assert done.returncode == 0, (script, done)
        assert SECRET not in done.stdout + done.stderr, (script, done)
        return done

    def write(self, content, path=None):
        path = path or self.person.config
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(json.dumps(content))
        path.chmod(0o600)

    def find(self, reader, image):
        """What `reader` would pull `image` with: its log-in name, or name and secret, or None."""
        if reader in ("podman", "buildah"):
            done = self.sh(f"{reader} login --get-login {image}")
            return done.stdout.strip() or None if done.returncode == 0 else None
        self.log.write_text("")
        self.sh(f"{reader} inspect --tls-verify=false docker://{image}:1"
                if reader == "skopeo" else f"{reader} pull {image}:1")
        noted = {tuple(json.loads(line)) for line in self.log.read_text().splitlines()}
        assert len(noted) < 2, noted
        return noted.pop() if noted else None

    def check(self, image, finders, user=USER, secret=SECRET, readers=(*CLIENTS, *CONTAINERS)):
        """Of `readers`, exactly `finders` find the credential for `image`."""
        wanted = {}
        for reader in readers:
            whole = user if reader in ("podman", "buildah") else (user, secret)
            kind = "docker" if reader in CLIENTS else reader
            wanted[reader] = whole if kind in finders else None
        assert {reader: self.find(reader, image) for reader in readers} == wanted


@pytest.fixture
def peers(person, log):
    return Peers(person, log)


@dataclass(frozen=True)
class Row:
    """One row: run `args` (of ghcr-login, or a whole script), then `finders` find `image`."""

    name: str
    args: str
    image: str
    finders: tuple
    docker_file: dict = None
    elsewhere: str = None       # what nobody may find it for

    def __str__(self):
        return self.name


def rows(*table):
    return pytest.mark.parametrize("row", [Row(*each) for each in table], ids=str)


OURS = 'printf %s "$S" | ghcr-login login -u "$U" --password-stdin '
STORE, HELPED = {"credsStore": "vault"}, {"credHelpers": {"quay.io": "vault"}}

# --no-verify: these registries have no TLS here, and what is stored is the same.
STORED = [
    ("host", "--no-verify quay.io", QUAY, ALL),
    ("https", "--no-verify https://quay.io", QUAY, ALL),
    ("slash", "--no-verify quay.io/", QUAY, ALL),
    ("v1", "--no-verify https://quay.io/v1/", QUAY, ALL),
    ("v2", "--no-verify quay.io/v2/", QUAY, ALL),
    ("path-docker", "--no-verify quay.io/team", "quay.io/other/app", ALL),
    ("https-path", "--no-verify https://quay.io/team", "quay.io/other/app", ALL),
    ("http", "--plain-http http://quay.io", QUAY, ALL),
    ("port", "--no-verify quay.io:8443", "quay.io:8443/team/app", ALL, None, QUAY),
    ("localhost", "localhost:5999", HERE, ALL),
    ("localhost-http", "http://localhost:5999", HERE, ALL),
    ("loopback", "127.0.0.1:5999", "127.0.0.1:5999/team/app", ALL, None, HERE),
    ("upper-case", "--no-verify Harbor.Example.COM", "harbor.example.com/team/app", ALL),
    ("docker.io", "--no-verify docker.io", HUB, ALL),
    ("index.docker.io", "--no-verify index.docker.io", HUB, ALL),
    ("registry-1", "--no-verify registry-1.docker.io", HUB, ALL),
    ("hub-v1", f"--no-verify {V1}", HUB, ALL),
    ("hub-podman", "--no-verify --podman docker.io", HUB, CONTAINERS),
    ("hub-podman-v1", f"--no-verify --podman {V1}", HUB, CONTAINERS),
    ("podman", "--no-verify --podman quay.io", QUAY, CONTAINERS),
    ("podman-v2", "--no-verify --podman https://quay.io/v2/", QUAY, CONTAINERS),
    ("podman-https-path", "--no-verify --podman https://quay.io/team", "quay.io/other/app",
     CONTAINERS),
    ("podman-namespace", "--no-verify --podman quay.io/team", QUAY, CONTAINERS, None,
     "quay.io/other/app"),
    ("podman-image", "--no-verify --podman quay.io/team/app", QUAY, CONTAINERS, None,
     "quay.io/team/other"),
    ("persistent", "--no-verify --podman --persistent quay.io", QUAY, CONTAINERS),
    ("both", "--no-verify --docker --podman quay.io", QUAY, ALL),
    ("authfile", '--no-verify --authfile "$XDG_RUNTIME_DIR/containers/auth.json" quay.io', QUAY,
     CONTAINERS),
    ("config", '--no-verify --config "$HOME/.docker" quay.io', QUAY, ALL),
    # podman and its relatives know no credsStore.
    ("credsStore", "--no-verify quay.io", QUAY, DOCKER, STORE),
    ("credsStore-port", "--no-verify quay.io:8443", "quay.io:8443/team/app", DOCKER, STORE),
    ("credsStore-hub", "--no-verify docker.io", HUB, DOCKER, STORE),
    ("credHelpers", "--no-verify quay.io", QUAY, ALL, HELPED),
    ("credHelpers-other", "--no-verify docker.io", HUB, ALL, HELPED),
    ("no-helper", "--no-verify --no-helper quay.io", QUAY, ALL, HELPED),
    # "" under credHelpers is a helper without a name to podman; a warning says so.
    ("no-helper-store", "--no-verify --no-helper quay.io", QUAY, DOCKER, STORE),
    ("over-identity-token", "--no-verify quay.io", QUAY, ALL,
     {"auths": {"quay.io": {"auth": auth("a", "b"), "identitytoken": "stale"}}}),
    ("over-a-url", "--no-verify quay.io", QUAY, ALL,
     {"auths": {"https://quay.io/v2/": {"auth": auth("a", "b")}}}),
]


@rows(*STORED)
def test_what_is_stored_is_found_by_its_readers(row, peers):
    if row.docker_file:
        peers.write(row.docker_file)
    peers.run(OURS + row.args)
    peers.check(row.image, row.finders)
    if row.elsewhere:
        peers.check(row.elsewhere, NOBODY)


# What a user runs to log in, and what it takes here to log out again. S is the secret.
IN = 'printf %s "$S" | {} -u "$U" --password-stdin '
DOCKERS = IN.format("docker login")
PODMANS, SKOPEOS, BUILDAHS = (IN.format(f"{each} login --tls-verify=false") for each in CONTAINERS)
ACTION = 'printf %s "$S" | docker login --username "$U" --password-stdin '

# Each is: name, their login, image, who finds it, our logout, Docker's file before.
THEIRS = [
    ("docker", DOCKERS + "quay.io", QUAY, ALL, "quay.io"),
    ("docker-https", DOCKERS + "https://quay.io", QUAY, ALL, "https://quay.io"),
    ("docker-v2", DOCKERS + "https://quay.io/v2/", QUAY, ALL, "https://quay.io/v2/"),
    ("docker-path", DOCKERS + "quay.io/team", "quay.io/other/app", ALL, "quay.io/team"),
    ("docker-port", DOCKERS + "quay.io:8443", "quay.io:8443/team/app", ALL, "quay.io:8443"),
    ("docker-localhost", DOCKERS + "localhost:5999", HERE, ALL, "localhost:5999"),
    ("docker-hub", DOCKERS, HUB, ALL, "docker.io"),
    ("docker-hub-v1", DOCKERS + V1, HUB, ALL, V1),
    ("docker-hub-name", DOCKERS + "docker.io", HUB, ALL, "registry-1.docker.io"),
    ("docker-store", DOCKERS + "quay.io", QUAY, DOCKER, "quay.io", STORE),
    ("docker-store-hub", DOCKERS, HUB, DOCKER, "docker.io", STORE),
    ("docker-helper", DOCKERS + "quay.io", QUAY, ALL, "quay.io", HELPED),
    ("podman", PODMANS + "quay.io", QUAY, CONTAINERS, "--podman quay.io"),
    ("podman-https", PODMANS + "https://quay.io/team", "quay.io/other/app", CONTAINERS,
     "--podman quay.io"),
    ("podman-namespace", PODMANS + "quay.io/team", QUAY, CONTAINERS, "--podman quay.io/team"),
    ("podman-hub", PODMANS + "docker.io", HUB, CONTAINERS, "--podman docker.io"),
    ("podman-port", PODMANS + "quay.io:8443", "quay.io:8443/team/app", CONTAINERS,
     "--podman quay.io:8443"),
    ("podman-all", PODMANS + "quay.io", QUAY, CONTAINERS, "--podman --all"),
    ("podman-authfile", PODMANS + '--authfile "$XDG_RUNTIME_DIR/containers/auth.json" quay.io',
     QUAY, CONTAINERS, '--authfile "$XDG_RUNTIME_DIR/containers/auth.json" quay.io'),
    ("skopeo", SKOPEOS + "quay.io", QUAY, CONTAINERS, "--podman quay.io"),
    ("skopeo-namespace", SKOPEOS + "quay.io/team", QUAY, CONTAINERS, "--podman quay.io/team"),
    ("buildah", BUILDAHS + "quay.io", QUAY, CONTAINERS, "--podman quay.io"),
    ("buildah-hub", BUILDAHS + "docker.io", HUB, CONTAINERS, "--podman docker.io"),
]


# Into a file without any entry docker would bring a helper that is installed here.
OTHERS = {"auths": {"other.example": {"auth": auth("a", "b")}}}


@dataclass(frozen=True)
class Theirs:
    """One row: their login, who then finds `image`, and our logout."""

    name: str
    theirs: str
    image: str
    finders: tuple
    ours: str
    docker_file: dict = None

    def __str__(self):
        return self.name


THEIRS = [Theirs(*each) for each in THEIRS]


def clients_of(row):
    return CLIENTS if "docker login" in row.theirs else CLIENTS[:1]


@pytest.mark.parametrize(
    "row, client", [(each, client) for each in THEIRS for client in clients_of(each)], ids=str)
def test_their_login_is_read_and_removed(row, client, peers):
    peers.write(row.docker_file or OTHERS)
    peers.run(row.theirs, client)
    peers.check(row.image, row.finders)
    place = row.ours.replace("--all", "quay.io")
    # These names are asked over plain http here.
    shown = json.loads(peers.run(f"ghcr-login status --json --plain-http {place}").stdout)
    assert (shown["username"], shown["result"]) == (USER, "verified"), shown
    assert "removed from" in peers.run(f"ghcr-login logout {row.ours}").stdout
    peers.check(row.image, NOBODY)
    others = json.loads(peers.person.config.read_text()).get("auths", {})
    assert ("other.example" in others) == (row.docker_file is None)


# Each is: name, our login, image, their logout, Docker's file before.
@pytest.mark.parametrize("ours, image, theirs, docker_file", [
    ("quay.io", QUAY, "docker logout quay.io", None),
    ("quay.io/v2/", QUAY, "docker logout https://quay.io", None),
    ("quay.io:8443", "quay.io:8443/team/app", "docker logout quay.io:8443", None),
    ("docker.io", HUB, "docker logout", None),
    ("index.docker.io", HUB, f"docker logout {V1}", None),
    ("quay.io", QUAY, "docker logout quay.io", STORE),
    ("docker.io", HUB, "docker logout", STORE),
    ("quay.io", QUAY, "docker logout quay.io", HELPED),
    ("--podman quay.io", QUAY, "podman logout quay.io", None),
    ("--podman quay.io/team", QUAY, "podman logout quay.io/team", None),
    ("--podman docker.io", HUB, "podman logout docker.io", None),
    ("--podman quay.io", QUAY, "podman logout --all", None),
    ("--podman quay.io", QUAY, "skopeo logout quay.io", None),
    ("--podman quay.io/team", QUAY, "skopeo logout quay.io/team", None),
    ("--podman quay.io", QUAY, "buildah logout quay.io", None),
    ("--podman quay.io", QUAY, "buildah logout --all", None),
])
def test_our_login_is_removed_by_theirs(ours, image, theirs, docker_file, peers):
    for client in CLIENTS if theirs.startswith("docker") else CLIENTS[:1]:
        peers.write(docker_file or OTHERS)
        peers.run(f"{OURS} --no-verify {ours}")
        assert peers.find("skopeo" if "--podman" in ours else CLIENTS[0], image)
        peers.run(theirs, client)
        peers.check(image, NOBODY)


@pytest.mark.parametrize("spelling", [
    "quay.io", "https://quay.io", "http://quay.io", "quay.io/", "https://quay.io/",
    "https://quay.io/v1/", "quay.io/v2/", "QUAY.io"])
@pytest.mark.parametrize("key", [
    "quay.io", "https://quay.io", "http://quay.io", "quay.io/", "https://quay.io/v1/",
    "quay.io/v2/"])
def test_every_spelling_logs_out_of_every_key(spelling, key, peers):
    """community.docker's module, for one, stores under the very words that it was given."""
    peers.write({"auths": {key: {"auth": auth(USER, SECRET)}}})
    assert peers.find(CLIENTS[0], QUAY) == (USER, SECRET)
    peers.run(f"ghcr-login logout {spelling}")
    peers.check(QUAY, NOBODY, readers=QUICK)


@pytest.mark.parametrize("spelling", [
    "docker.io", "index.docker.io", "registry-1.docker.io", V1, "https://index.docker.io"])
@pytest.mark.parametrize("key", [V1, "docker.io", "index.docker.io"])
def test_every_name_of_docker_hub_logs_out(spelling, key, peers):
    peers.write({"auths": {key: {"auth": auth(USER, SECRET)}}})
    peers.run(f"ghcr-login logout {spelling}")
    peers.check(HUB, NOBODY, readers=QUICK)


@pytest.mark.parametrize("registry, image", [
    ("quay.io", QUAY), ("localhost:5999", HERE), ("docker.io", HUB), (V1, HUB)])
def test_login_action_with_this_program_as_docker(registry, image, peers):
    """Its very words; a workflow without `registry:` logs in to Docker Hub by no name at all."""
    docker = peers.person.stack.directory / "bin" / "ghcr-login"
    verify = "" if registry.startswith("localhost") else "--no-verify "
    peers.run(ACTION + verify + registry, docker)
    peers.check(image, ALL)
    # Its post step, also where another step has logged out already.
    for _ in range(2):
        peers.run(f"docker logout {registry}", docker)
        peers.check(image, NOBODY)


def test_login_action_shows_why_it_failed(peers):
    """It throws what is on standard error, and takes a failure without a word for success."""
    link = peers.bin / "docker"
    link.symlink_to(peers.person.stack.directory / "bin" / "ghcr-login")
    done = peers.sh(ACTION + "localhost:5999", S="wrong")
    assert done.returncode == 4 and done.stdout == "" and "refused" in done.stderr, done


# containers.podman's modules with `executable: ghcr-login`, which they call as podman.
def test_podman_logout_module(peers):
    peers.run(f"{OURS} --no-verify --podman quay.io")
    peers.run("ghcr-login logout --podman quay.io")
    # Where podman ends with 125 there is nothing to do: status 0 here.
    assert peers.sh("podman logout quay.io").returncode == 125
    assert "not in" in peers.run("ghcr-login logout --podman quay.io").stdout


def test_podman_login_module_is_refused(peers):
    done = peers.sh('ghcr-login login --username "$U" --password "$S" quay.io')
    assert done.returncode == 2 and "--password-stdin" in done.stderr
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("user, secret", [
    ("octocat", "pa:ss:word"), ("octocat", 'say "hi" \\ it\'s'),
    ("octocat", " in the  middle of "), ("Żółć", "pąsswörd-密码-🔑"),
    ("robot$team+ci", "$HOME `id` ${S} %41+/="), ("user@example.com", "<&>'"),
    ("_json_key", '{\n  "type": "service_account",\n  "k": "a=\\n"\n}'),
])
def test_a_credential_reaches_every_reader(user, secret, peers):
    peers.run(f"{OURS} --docker --podman localhost:5999", U=user, S=secret)
    peers.check(HERE, ALL, user, secret)
    for reader in ("podman", "buildah"):
        peers.log.write_text("")
        peers.sh(f"{reader} pull --tls-verify=false {HERE}:1")
        assert [user, secret] in map(json.loads, peers.log.read_text().splitlines())
    peers.run("ghcr-login status localhost:5999")
    peers.run("ghcr-login logout --docker --podman localhost:5999")
    peers.check(HERE, NOBODY)


# What docker takes and this program refuses; the manual has the same list.
@pytest.mark.parametrize("theirs, status, words", [
    ('{} -u "$U" -p "$S" quay.io', 2, "--password-stdin"),
    ('printf %s "$S" | {} -u "$U" --password-stdin quay.io/team/app:1', 2, "--can-pull"),
    ('printf %s "$S" | {} -u "$U" --password-stdin my_registry.example.com', 2, "HOST[:PORT]"),
    ('printf %s "$S" | {} -u "$U" --password-stdin hub.docker.com', 2, "docker.io"),
    ('printf %s "$S" | {} -u a:b --password-stdin quay.io', 3, "colon"),
    ('printf %s "$S" | {} -u "<token>" --password-stdin quay.io', 3, "identity token"),
    ('echo "$TWICE" >"$HOME/.docker/config.json"; printf %s "$S" | {} -u "$U" --password-stdin'
     ' quay.io', 8, "twice"),
])
def test_what_docker_takes_and_is_refused_here(theirs, status, words, peers):
    peers.write(OTHERS)
    before = peers.person.config.read_bytes()
    twice = {"TWICE": '{"auths": {"a.example": {"auth": "YTpi"}}, "auths": {}}'}
    done = peers.sh(theirs.format("ghcr-login login"), **twice)
    assert (done.returncode, done.stdout) == (status, ""), done
    assert words in done.stderr and "hint: " in done.stderr and SECRET not in done.stderr, done
    assert status == 8 or peers.person.config.read_bytes() == before
    peers.write(OTHERS)
    # docker itself says that an argument is unsafe, and goes on.
    peers.run(theirs.format("docker login"), **twice)
