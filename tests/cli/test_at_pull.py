"""--at-pull: auth files are made to ask docker-credential-ghcr-login, this program by another name."""

import json
import os
import signal
import stat
import subprocess
import time

import pytest

from conftest import needs_root
from harness import OTHER_TOKEN, TOKEN, USER, auth
from helpers import Helper

NAME = "docker-credential-ghcr-login"
NOT_FOUND = "credentials not found in native keychain\n"


class AtPull:
    """The program under both names, a token file and the record."""

    def __init__(self, login):
        self.login = login
        self.bin = login.directory / "bin"
        self.bin.mkdir()
        self.bin.chmod(0o755)
        (self.bin / NAME).symlink_to(login.binary)
        self.record = login.home / ".config/ghcr-login/logins.json"
        self.podman = login.home / ".config/containers/auth.json"
        login.mounted_files |= {self.record, self.podman}
        self.token = login.secret_file(f"{TOKEN}\n".encode())
        self.environment = {"PATH": f"{self.bin}:/usr/bin:/bin"}

    def __call__(self, server, *args, env=None, **how):
        return self.login("-u", USER, "--at-pull", "--plain-http", *args, server.host,
                          env={**self.environment, **(env or {})}, **how)

    def file(self, server, *args, **how):
        return self(server, "--token-file", self.token, *args, **how)

    def command(self, server, command, *args, **how):
        return self(server, "--token-command", command, *args, **how)

    def run(self, *args, env=None, **how):
        return self.login(*args, env={**self.environment, **(env or {})}, **how)

    def helper(self, verb, stdin="", env=None, through=()):
        """Run it as docker does. Its output may hold the token, which is what it is for."""
        return subprocess.run([*through, self.bin / NAME, *verb.split()], input=stdin, text=True,
                              capture_output=True, timeout=60, cwd="/",
                              env={"PATH": "/usr/bin:/bin", "HOME": str(self.login.home),
                                   **(env or {})}, check=False)

    def get(self, host, **how):
        done = self.helper("get", host, **how)
        return json.loads(done.stdout) if done.returncode == 0 else done.stdout

    def logins(self):
        return json.loads(self.record.read_text())["logins"]


@pytest.fixture
def at_pull(login):
    return AtPull(login)


def warned(result, *more):
    """It succeeded; the helper is nowhere that sudo looks, which is said."""
    assert result.status == 0, result
    assert "under sudo, cron and services docker does not find it" in result.stderr, result
    for words in more:
        assert words in result.stderr, result
    return result


def refused(result, status, *words):
    """It failed, and said why; what else is to be said of the set-up may stand before it."""
    assert result.status == status and result.stdout == "", result
    for each in ("ghcr-login: ", *words):
        assert each in result.stderr, (each, result)


def test_where_the_token_comes_from_is_stored_and_the_token_is_not(at_pull, server):
    result = warned(at_pull.file(server))
    config = at_pull.login.config
    assert result.stdout == (f"Login Succeeded: {server.host} as {USER}, token from file "
                             f"'{at_pull.token}' at each pull, set up in '{config}'\n")
    assert json.loads(config.read_text()) == {"credHelpers": {server.host: "ghcr-login"}}
    assert at_pull.logins() == {server.host: {"username": USER, "file": str(at_pull.token),
                                              "for": [str(config)]}}
    assert stat.S_IMODE(at_pull.record.stat().st_mode) == 0o600
    assert stat.S_IMODE(at_pull.record.parent.stat().st_mode) == 0o700
    assert at_pull.get(server.host) == {"ServerURL": server.host, "Username": USER,
                                        "Secret": TOKEN}


def test_rotation_is_writing_the_file(at_pull, server):
    warned(at_pull.file(server))
    at_pull.token.write_text(f"{OTHER_TOKEN}\n")
    assert at_pull.get(server.host)["Secret"] == OTHER_TOKEN


def test_again_changes_nothing(at_pull, server):
    warned(at_pull.file(server))
    before = [(path.read_bytes(), path.stat().st_ino)
              for path in (at_pull.login.config, at_pull.record)]
    result = warned(at_pull.file(server, "--json"))
    assert result.json["result"] == "unchanged" and not result.json["changed"]
    assert before == [(path.read_bytes(), path.stat().st_ino)
                      for path in (at_pull.login.config, at_pull.record)]


def test_another_source_replaces_the_first(at_pull, server):
    warned(at_pull.file(server))
    result = warned(at_pull.command(server, f"cat {at_pull.token}", "--json"))
    assert result.json["result"] == "stored" and result.json["changed"]
    assert at_pull.logins()[server.host]["command"] == f"cat {at_pull.token}"
    assert "file" not in at_pull.logins()[server.host]


def test_docker_and_podman_have_one_record(at_pull, server):
    warned(at_pull.file(server, "--docker", "--podman", "--persistent"))
    for path in (at_pull.login.config, at_pull.podman):
        assert json.loads(path.read_text()) == {"credHelpers": {server.host: "ghcr-login"}}
    assert at_pull.logins()[server.host]["for"] == [str(at_pull.login.config), str(at_pull.podman)]
    result = at_pull.run("logout", "--docker", server.host)
    assert result.status == 0 and "another auth file still names ghcr-login" in result.stderr
    assert at_pull.logins()[server.host]["for"] == [str(at_pull.podman)]
    assert at_pull.get(server.host)["Secret"] == TOKEN
    assert at_pull.run("logout", "--persistent", server.host).status == 0
    assert at_pull.logins() == {} and at_pull.get(server.host) == NOT_FOUND


def test_the_plain_entry_goes_and_all_else_stays(at_pull, server):
    other = {"other.example": {"auth": auth("a", "b")}}
    at_pull.login.write_config(json.dumps({
        "auths": {server.host: {"auth": auth(USER, "old")},
                  f"https://{server.host}": {"auth": auth(USER, "older")}, **other},
        "psFormat": "x"}, indent=4))
    warned(at_pull.file(server))
    assert json.loads(at_pull.login.config.read_text()) == {
        "auths": other, "psFormat": "x", "credHelpers": {server.host: "ghcr-login"}}


def test_an_earlier_store_is_emptied(at_pull, server):
    helper = Helper(at_pull.login, stored={})
    at_pull.login.write_config('{"credsStore":"fake"}')
    environment = {"PATH": f"{at_pull.bin}:{helper.environment['PATH']}"}
    helper._store.write_text(json.dumps({server.host: [USER, TOKEN]}))
    warned(at_pull.file(server, env=environment))
    assert json.loads(helper._store.read_text()) == {}
    assert json.loads(at_pull.login.config.read_text()) == {
        "credsStore": "fake", "credHelpers": {server.host: "ghcr-login"}}


def test_an_earlier_helper_of_the_host_is_refused_and_named(at_pull, server):
    at_pull.login.write_config(json.dumps({"credHelpers": {server.host: "pass"}}))
    refused(at_pull.file(server), 9, f"\"credHelpers\" in '{at_pull.login.config}' already names the "
            f"helper 'pass' for '{server.host}'",
            "log out with that helper and remove the line: --at-pull does not replace another helper")
    assert not at_pull.record.exists() and server.connections == 0


def test_a_namespace_has_no_helper(at_pull, server):
    result = at_pull.login("-u", USER, "--at-pull", "--token-file", at_pull.token, "--plain-http",
                           "--persistent", f"{server.host}/owner", env=at_pull.environment)
    refused(result, 9, "namespaces")


def test_the_helper_has_to_be_on_path(at_pull, server):
    at_pull.file(server, env={"PATH": "/usr/bin:/bin"}).failed(9, NAME, "not on PATH",
        f"hint: create a link to this program: ln -s ghcr-login /usr/local/bin/{NAME}")
    assert server.connections == 0 and not at_pull.record.exists()
    (at_pull.bin / NAME).unlink()
    (at_pull.bin / NAME).write_text("")
    (at_pull.bin / NAME).chmod(0o644)
    at_pull.file(server).failed(9, "not executable", "hint: make it executable (chmod +x)")


@pytest.mark.parametrize("says, warns", [
    ("Docker version 1.12.6, build 78d1802", True),
    ("Docker version 28.2.2, build e6534b4", False),
    ("Docker version 1.13.1, build 092cba3", False),
    ("podman version 4.3.1", False)])
def test_docker_that_is_older_than_credhelpers(at_pull, server, says, warns):
    docker = at_pull.bin / "docker"
    docker.write_text(f"#!/bin/sh\necho '{says}'\n")
    docker.chmod(0o755)
    result = warned(at_pull.file(server))
    assert ("older than docker 1.13" in result.stderr) == warns


def test_docker_from_snap(at_pull, server, space):
    """Where every program of a snap is a link to one."""
    within = space("mount -t tmpfs tmpfs /mnt", "mkdir /mnt/upper /mnt/work",
                   "mount -t overlay -o lowerdir=/usr/bin,upperdir=/mnt/upper,workdir=/mnt/work"
                   " overlay /usr/bin", "touch /usr/bin/snap", "chmod 755 /usr/bin/snap")
    (at_pull.bin / "docker").symlink_to("/usr/bin/snap")
    result = at_pull.file(server, through=within.through)
    warned(result, "comes from snap")


def test_podman_that_reads_another_file(at_pull, server):
    other = at_pull.login.directory / "other.json"
    result = at_pull.file(server, "--persistent", env={"REGISTRY_AUTH_FILE": other})
    warned(result, f"podman reads '{other}' and no other file")


def test_only_a_file_that_stays_or_a_command_is_a_source(at_pull, server):
    for args in (["--password-stdin"], ["--token-env", "T"], []):
        result = at_pull(server, *args, stdin=f"{TOKEN}\n".encode(), env={"T": TOKEN})
        result.failed(2, "--at-pull", "--token-file FILE or --token-command CMD")
    at_pull(server, "--token-file", "/dev/stdin", stdin=f"{TOKEN}\n".encode()).failed(
        3, "not a regular file", "hint: name a permanent file, or use --token-command CMD")
    fifo = at_pull.login.directory / "fifo"
    os.mkfifo(fifo)
    at_pull(server, "--token-file", fifo).failed(3, "not a regular file")
    gone = ("sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh")
    at_pull(server, "--token-file", "token", through=gone).failed(
        3, "--token-file is a relative path, and the working directory is unknown")
    at_pull(server, "--token-command", "x" * 9000).failed(3, "--token-command is longer than ")
    at_pull.file(server, "--no-helper").failed(2, "--no-helper")
    at_pull.file(server, "--token-command", "true").failed(2, "more than one source")
    assert server.connections == 0


def test_a_relative_file_is_recorded_as_absolute(at_pull, server):
    relative = os.path.relpath(at_pull.token, at_pull.login.work)
    warned(at_pull(server, "--token-file", relative))
    file = at_pull.logins()[server.host]["file"]
    assert file.startswith("/") and os.path.samefile(file, at_pull.token)
    assert at_pull.get(server.host)["Secret"] == TOKEN


def test_what_is_refused_is_not_set_up(at_pull, server):
    at_pull.token.write_text(f"{OTHER_TOKEN}\n")
    refused(at_pull.file(server), 4, str(at_pull.token))
    assert not at_pull.record.exists() and not at_pull.login.config.exists()


def test_dry_run_sets_nothing_up(at_pull, server):
    result = warned(at_pull.file(server, "--dry-run"))
    assert "would be set up in" in result.stdout
    assert not at_pull.record.exists() and not at_pull.login.config.exists()


def test_json_and_can_pull(at_pull, registry):
    server = registry(certificate=None, images={"octo/app:1": "private"})
    result = warned(at_pull.file(server, "--json", "--can-pull", f"{server.host}/octo/app:1"))
    said = result.json
    assert said["result"] == "stored" and said["images"][0]["pull"]
    assert said["files"][0]["store"] == "helper:ghcr-login"
    assert said["token"]["source"] == f"file:{at_pull.token}"


# The helper's verbs.

def test_a_host_without_a_record_is_not_ours(at_pull, server):
    for host in ("ghcr.io", "ghcr.io\0x", "https://index.docker.io/v1/", "no registry", "x" * 5000, "\n"):
        done = at_pull.helper("get", host)
        expected = "no credentials server URL\n" if host == "\n" else NOT_FOUND
        assert (done.returncode, done.stdout, done.stderr) == (1, expected, "")
    warned(at_pull.file(server))
    assert at_pull.get("ghcr.io") == NOT_FOUND


@pytest.mark.parametrize("spelling", ["{}", "{}\n", "  {}\r\n", "https://{}", "https://{}/v2/",
                                      "http://{}"])
def test_a_host_is_found_by_each_of_its_spellings(at_pull, server, spelling):
    warned(at_pull.file(server))
    asked = spelling.format(server.host)
    assert at_pull.get(asked) == {"ServerURL": asked.strip(), "Username": USER, "Secret": TOKEN}


def test_docker_hub_has_two_names(at_pull):
    at_pull.record.parent.mkdir(parents=True, mode=0o700)
    at_pull.record.parent.parent.chmod(0o700)
    at_pull.record.write_text(json.dumps({"logins": {
        "docker.io": {"username": "somebody", "file": str(at_pull.token)}}}))
    at_pull.record.chmod(0o600)
    for name in ("https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"):
        assert at_pull.get(name)["Username"] == "somebody"


def test_a_broken_source_says_why_on_both_streams(at_pull, server):
    warned(at_pull.file(server))
    at_pull.token.unlink()
    done = at_pull.helper("get", server.host)
    assert done.returncode == 1
    assert f"cannot open file '{at_pull.token}'" in done.stdout, done
    assert "the secret is mounted" in done.stderr and str(at_pull.token) in done.stderr, done
    at_pull.token.write_text("")
    done = at_pull.helper("get", server.host)
    assert "is empty" in done.stdout and "is empty" in done.stderr and done.returncode == 1


def test_the_other_verbs(at_pull, server):
    def request(secret, user=USER, url=server.host):
        return json.dumps({"ServerURL": url, "Username": user, "Secret": secret})

    done = at_pull.helper("store", request(TOKEN))
    assert done.returncode == 1 and "--at-pull" in done.stderr, done
    assert at_pull.helper("list").stdout == "{}\n"
    warned(at_pull.file(server))
    before = at_pull.record.read_bytes()
    assert at_pull.helper("store", request(TOKEN)).returncode == 0
    done = at_pull.helper("store", request(OTHER_TOKEN))
    assert done.returncode == 1 and f"file '{at_pull.token}'" in done.stdout, done
    assert OTHER_TOKEN not in done.stdout + done.stderr
    assert at_pull.helper("store", request(TOKEN, user="")).stdout == "no credentials username\n"
    assert at_pull.helper("store", request(TOKEN, url="")).stdout == "no credentials server URL\n"
    assert at_pull.helper("store", "{").returncode == 1
    done = at_pull.helper("erase", server.host)
    assert done.returncode == 0 and "ghcr-login logout" in done.stderr and done.stdout == ""
    assert at_pull.record.read_bytes() == before
    assert json.loads(at_pull.helper("list").stdout) == {server.host: USER}
    assert at_pull.helper("version").stdout.startswith(f"{NAME} (ghcr-login) ")
    for verb in ("", "frob", "get get"):
        done = at_pull.helper(verb)
        assert done.returncode == 1 and done.stdout.startswith("usage: "), done


def test_an_answer_that_cannot_be_written(at_pull, server):
    warned(at_pull.file(server))
    for verb in ("get", "list", "version"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([at_pull.bin / NAME, verb], input=server.host, text=True,
                                  stdout=full, stderr=subprocess.PIPE, check=False,
                                  env={"PATH": "/usr/bin:/bin", "HOME": str(at_pull.login.home)})
        assert done.returncode == 1 and "cannot write to standard output" in done.stderr, done


def test_list_never_fails(at_pull):
    at_pull.record.parent.mkdir(parents=True)
    at_pull.record.write_text("{")
    done = at_pull.helper("list")
    assert (done.returncode, done.stdout) == (0, "{}\n") and "not valid JSON" in done.stderr
    assert at_pull.helper("list", env={"HOME": "/dev/null"}).stdout == "{}\n"


@pytest.mark.parametrize("mode, of_directory", [(0o620, False), (0o602, False), (0o770, True),
                                                (0o707, True)])
def test_a_record_that_others_can_write_is_ignored_with_an_error(at_pull, server, mode,
                                                                of_directory):
    warned(at_pull.file(server))
    (at_pull.record.parent if of_directory else at_pull.record).chmod(mode)
    done = at_pull.helper("get", server.host)
    assert done.returncode == 1 and "is ignored" in done.stdout and "chmod" in done.stderr, done
    refused(at_pull.file(server), 8, "is ignored", "chmod go-w")
    if not of_directory:
        assert "make it writable by its owner only: chmod go-w" in done.stderr, done
        assert "is ignored: users other than its owner can write to it" in done.stdout, done
    assert at_pull.helper("list").stdout == "{}\n"


def test_a_record_of_somebody_else_is_ignored(at_pull, server):
    needs_root()
    warned(at_pull.file(server))
    os.chown(at_pull.record, 12345, -1)
    assert "belongs to another user" in at_pull.get(server.host)
    os.chown(at_pull.record, 0, -1)
    os.chown(at_pull.record.parent, 12345, -1)
    assert "belongs to another user" in at_pull.get(server.host)


def test_a_record_that_others_can_lead_elsewhere_is_ignored(at_pull, server):
    """A link of somebody's to a directory that is the user's all the same: a clone, for one."""
    warned(at_pull.file(server))
    at_pull.login.home.chmod(0o777)
    done = at_pull.helper("get", server.host)
    assert done.returncode == 1 and "other users can replace it" in done.stdout, done
    assert f"chmod go-w '{at_pull.login.home}'" in done.stderr, done
    refused(at_pull.file(server), 8, "is ignored")
    at_pull.login.home.chmod(0o700)
    if os.geteuid() != 0:
        return
    clone = at_pull.login.home / "clone"
    at_pull.record.parent.rename(clone)
    at_pull.record.parent.symlink_to(clone)
    assert at_pull.get(server.host)["Secret"] == TOKEN
    os.chown(at_pull.record.parent, 12345, -1, follow_symlinks=False)
    assert "other users can replace it" in at_pull.get(server.host)


@pytest.mark.parametrize("option, variable", [("--config", None), (None, "DOCKER_CONFIG"),
                                              ("--authfile", None)])
def test_a_relative_auth_file_is_recorded_as_absolute(at_pull, server, option, variable):
    """As it was given, it would have spoiled the record for every registry."""
    at_pull.login.mounted_files.add(at_pull.login.work / "here")
    options = ([option, "here"] if option else []) + (["--podman"] if option == "--authfile" else [])
    environment = {variable: "here"} if variable else {}
    warned(at_pull.file(server, *options, env=environment))
    (file,) = at_pull.logins()[server.host]["for"]
    assert file.startswith(f"{at_pull.login.work}/here")
    assert at_pull.get(server.host)["Secret"] == TOKEN
    assert at_pull.run("logout", *options, server.host, env=environment).status == 0
    assert at_pull.logins() == {}


def test_a_place_of_its_own_for_the_record(at_pull, server):
    """Only who has the same XDG_CONFIG_HOME finds it; a relative one is none."""
    warned(at_pull.file(server, env={"XDG_CONFIG_HOME": "here"}))
    assert at_pull.get(server.host)["Secret"] == TOKEN
    assert at_pull.get(server.host, env={"XDG_CONFIG_HOME": "there"})["Secret"] == TOKEN
    config = at_pull.login.directory / "config"
    at_pull.login.mounted_files.add(config / "ghcr-login/logins.json")
    result = at_pull.file(server, env={"XDG_CONFIG_HOME": config})
    warned(result, f"set XDG_CONFIG_HOME={config} for every process that pulls")
    assert at_pull.get(server.host, env={"XDG_CONFIG_HOME": config})["Secret"] == TOKEN
    usual = at_pull.file(server, env={"XDG_CONFIG_HOME": at_pull.login.home / ".config"})
    assert "XDG_CONFIG_HOME" not in warned(usual).stderr


def test_a_record_that_cannot_be_read_says_what_to_do(at_pull, server):
    warned(at_pull.file(server))
    at_pull.record.write_text('{"logins":{},"logins":{}}')
    for done in (at_pull.run("status", "--docker", "--plain-http", server.host),
                 at_pull.run("logout", server.host, may_store=True)):
        done.failed(8, "the same key twice", "remove the file and set the logins up again")
    assert "the auth files were changed, but the record of --at-pull was not" in done.stderr


def test_a_logout_at_the_same_time(at_pull, server):
    """It finds no file that asks before there is one. Here it comes in through an old helper."""
    script = f"rm '{at_pull.record}'; echo 'credentials not found in native keychain'; exit 1"
    (at_pull.bin / "docker-credential-old").write_text(f"#!/bin/sh\n{script}\n")
    (at_pull.bin / "docker-credential-old").chmod(0o755)
    at_pull.login.write_config('{"credsStore":"old"}')
    warned(at_pull.file(server))
    assert at_pull.get(server.host)["Secret"] == TOKEN


def test_many_registries_at_once(at_pull, registry):
    servers = [registry(certificate=None) for _ in range(8)]
    runs = [at_pull.login.start("-u", USER, "--at-pull", "--plain-http", "--token-file",
                                at_pull.token, each.host, env=at_pull.environment)
            for each in servers]
    assert [run.process.wait() for run in runs] == [0] * 8
    for run in runs:
        warned(run.finish())
    assert set(at_pull.logins()) == {each.host for each in servers}
    assert len(json.loads(at_pull.login.config.read_text())["credHelpers"]) == 8


def test_a_token_that_json_cannot_hold_is_refused_at_once(at_pull, server):
    at_pull.token.write_bytes(b"p\xe4ssword-of-latin-1\n")
    refused(at_pull.file(server, "--no-verify"), 3, "is not UTF-8 text")
    assert not at_pull.record.exists() and not at_pull.login.config.exists()


# --token-command.

def plain(at_pull, server, command, *args, **how):
    """A login that is stored, with the token of a command."""
    return at_pull.login("-u", USER, "--token-command", command, "--plain-http", *args, server.host,
                         **how)


def test_a_command_serves_every_login(at_pull, server):
    plain(at_pull, server, f"cat {at_pull.token}").succeeded()
    assert at_pull.login.entry(server.host) == f"{USER}:{TOKEN}"
    result = plain(at_pull, server, f"cat {at_pull.token}; echo; echo", "--json")
    assert result.json["token"]["source"].startswith("command:cat ")


@pytest.mark.parametrize("command, words", [
    ("exit 3", "failed with status 3"), ("kill -9 $$", "killed by signal 9"),
    ("true", "status 0 and printed nothing"), ("echo", "is empty"),
    ("echo no such secret >&2; exit 1", "failed with status 1: no such secret"),
    ("head -c 100000 /dev/zero", "more than 65536 bytes"), (" ", "empty command")])
def test_a_command_that_fails(at_pull, server, command, words):
    plain(at_pull, server, command).failed(3, words)
    assert server.connections == 0


def test_what_a_failing_command_printed_is_not_told(at_pull, server):
    for command in (f"cat {at_pull.token}; exit 1", f"cat {at_pull.token} | tee /dev/stderr; exit 2",
                    f"cat {at_pull.token} >&2; exit 2"):
        result = plain(at_pull, server, command).failed(3, "failed with status")
        assert TOKEN[4:] not in result.stderr


def test_its_error_output_is_shown_once(at_pull, server):
    result = plain(at_pull, server, f"echo from the vault >&2; cat {at_pull.token}")
    assert result.status == 0 and result.stderr.count("from the vault") == 2, result  # CMD, words
    assert "says: from the vault" in result.stderr


@pytest.mark.parametrize("says", ["", "; echo noise >&2"])
def test_what_a_command_prints_is_taken_as_it_is(at_pull, server, says):
    """For a registry that is not GitHub's, spaces are part of it, whatever else is said."""
    at_pull.token.write_text("  p w  \n")
    warned(at_pull.command(server, f"cat {at_pull.token}{says}", "--no-verify"))
    assert at_pull.get(server.host)["Secret"] == "  p w  "


@pytest.mark.parametrize("line", ["> Authorization: Basic czNjcmV0LXdvcmQ=", "X-Vault-Token: hvs.x"])
def test_a_header_with_a_secret_of_the_vault_s_is_not_told(at_pull, server, line):
    """As `curl -v` prints it; what it got from there is another one."""
    say = at_pull.login.secret_file(f"{line}\n".encode(), "say")
    result = plain(at_pull, server, f"cat {say} >&2; exit 22")
    assert result.status == 3 and "status 22" in result.stderr, result
    assert line[10:] not in result.stderr and "not shown" in result.stderr, result


def test_what_surrounds_a_command(at_pull, server):
    """A session of its own, no standard input, no token of ours."""
    seen = at_pull.login.directory / "seen"
    at_pull.login.mounted_files.add(seen)
    plain(at_pull, server, f"(readlink /proc/self/fd/0; ps -o sid= -p $$; echo $$; env) >{seen};"
          f" cat {at_pull.token}", env={"GHCR_TOKEN": OTHER_TOKEN}).succeeded()
    stdin, session, pid, *environment = seen.read_text().splitlines()
    assert stdin == "/dev/null" and session.strip() == pid
    assert not any(line.startswith("GHCR_TOKEN") for line in environment)


def runs(command):
    """Whether there is a process of this command line, which no other test has."""
    return subprocess.run(["pgrep", "-f", f"^{command}$"], capture_output=True,
                          check=False).returncode == 0


def until(is_so):
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_command_is_bounded_and_leaves_nothing_behind(at_pull, server):
    began, sleep = time.monotonic(), f"sleep 54321.{os.getpid()}"
    plain(at_pull, server, sleep, "--timeout", "1").failed(3, "timed out")
    assert time.monotonic() - began < 10
    for background in (f"{sleep} &", f"setsid {sleep} &", f"(setsid sh -c '{sleep} & :' &);"):
        plain(at_pull, server, f"{background} cat {at_pull.token}").succeeded()
        assert not runs(sleep)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_command_ends_with_the_helper(at_pull, server, how):
    """`docker pull` is interrupted: what its helper runs has a session of its own, and no terminal."""
    warned(at_pull.file(server))
    sleeps = [f"sleep 5432{n}.{os.getpid()}" for n in (2, 3)]
    ready = at_pull.login.directory / "ready"
    at_pull.record.write_text(json.dumps({"logins": {server.host: {
        "username": USER,
        "command": f"setsid {sleeps[0]} & ({sleeps[1]} | cat) & echo >{ready}; wait"}}}))
    helper = subprocess.Popen([at_pull.bin / NAME, "get"], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env={"PATH": "/usr/bin:/bin", "HOME": str(at_pull.login.home)})
    helper.stdin.write(server.host.encode())
    helper.stdin.close()
    until(lambda: ready.exists() and all(map(runs, sleeps)))
    helper.send_signal(how)
    assert helper.wait(10) == -how
    until(lambda: not any(map(runs, sleeps)))


def test_a_token_in_place_of_a_command_is_not_shown(at_pull, server):
    result = plain(at_pull, server, f"echo {TOKEN}")
    assert result.status == 3 and "looks like the token itself" in result.stderr, result


def test_a_command_at_each_pull(at_pull, server):
    warned(at_pull.command(server, f"cat {at_pull.token}"))
    assert at_pull.get(server.host)["Secret"] == TOKEN
    done = at_pull.helper("get", server.host)
    assert done.stderr == ""
    warned(at_pull.command(server, f"echo renewed >&2; cat {at_pull.token}"))
    done = at_pull.helper("get", server.host)
    assert done.returncode == 0 and done.stderr.count("says: renewed") == 1
    at_pull.token.unlink()
    done = at_pull.helper("get", server.host)
    assert done.returncode == 1 and "failed with status 1" in done.stdout
    assert "run it by hand" in done.stderr


def test_a_command_at_each_pull_is_none_of_the_working_directory_s(at_pull, server):
    """docker is run in a clone of somebody's, which has a ./give of its own."""
    (at_pull.login.work / "give").write_text(f"#!/bin/sh\ncat {at_pull.token}\n")
    (at_pull.login.work / "give").chmod(0o755)
    plain(at_pull, server, "./give").succeeded()
    assert at_pull.run("logout", server.host).status == 0
    refused(at_pull.command(server, "./give"), 3, "failed with status 127")
    seen = at_pull.login.directory / "seen"
    at_pull.login.mounted_files.add(seen)
    warned(at_pull.command(server, f"pwd >{seen}; cat {at_pull.token}"))
    assert seen.read_text() == "/\n"
    seen.unlink()
    subprocess.run([at_pull.bin / NAME, "get"], input=server.host, text=True, check=True,
                   cwd=at_pull.login.work, stdout=subprocess.DEVNULL,
                   env={"PATH": "/usr/bin:/bin", "HOME": str(at_pull.login.home)})
    assert seen.read_text() == "/\n"


# login, status and logout of what is set up.

def test_status_follows_the_record_to_its_source(at_pull, server):
    warned(at_pull.file(server))
    result = at_pull.run("status", "--plain-http", "--docker", server.host)
    assert result.status == 0 and result.stdout == (
        f"{server.host}: docker asks ghcr-login, which reads '{at_pull.token}', set in "
        f"'{at_pull.login.config}', as {USER}: accepted\n"), result
    result = at_pull.run("status", "--plain-http", "--json", server.host)
    assert result.json["files"][0]["source"] == f"file:{at_pull.token}"
    at_pull.token.write_text(f"{OTHER_TOKEN}\n")
    result = at_pull.run("status", "--plain-http", "--docker", server.host)
    assert result.status == 4 and "which reads" in result.stdout, result
    at_pull.token.unlink()
    result = at_pull.run("status", "--plain-http", "--docker", server.host)
    assert result.status == 3 and str(at_pull.token) in result.stderr, result


def test_a_record_that_is_lost(at_pull, server):
    """The name of the helper is in a file of a backup's, or of another user's."""
    warned(at_pull.file(server))
    at_pull.record.unlink()
    result = at_pull.run("status", "--plain-http", "--docker", server.host)
    assert result.status == 3 and result.stdout == "", result
    assert f"warning: '{at_pull.login.config}' makes docker ask ghcr-login for '{server.host}'" \
        ", but ghcr-login has no record of it\n" in result.stderr, result
    assert "set it up again with --at-pull, as the user who pulls, or remove ghcr-login from the " \
        f"auth file: ghcr-login logout {server.host}\n" in result.stderr, result
    at_pull.login.to(server).failed(9, "fetched at each pull", "its source gives another token")
    at_pull.podman.parent.mkdir(parents=True)
    at_pull.podman.write_text(json.dumps({"auths": {server.host: {"auth": auth(USER, TOKEN)}}}))
    result = at_pull.run("status", "--plain-http", server.host)     # podman's does not hide it
    assert result.status == 0 and "docker finds no credential" in result.stdout, result
    assert "ghcr-login has no record of it" in result.stderr, result
    assert at_pull.run("logout", server.host).stdout.startswith("Logout Succeeded")
    assert "ghcr-login" not in at_pull.login.config.read_text()


def test_a_store_of_ours_for_all_registries(at_pull, server):
    """`credsStore`, as somebody may write it by hand: our own login never runs it."""
    at_pull.login.write_config('{"credsStore":"ghcr-login"}')
    at_pull.login.to(server).failed(9, "its source gives another token", "--no-helper")
    warned(at_pull.file(server))
    at_pull.login.to(server).succeeded()
    result = at_pull.run("status", "--plain-http", "--docker", server.host)
    assert result.status == 0 and "asks ghcr-login, which reads" in result.stdout, result
    result = at_pull.run("logout", server.host)
    assert result.status == 0 and "docker still finds" in result.stderr, result
    at_pull.login.write_config("{}")
    assert at_pull.run("logout", server.host).status == 0 and at_pull.logins() == {}


def test_another_name_of_ours_is_no_helper(at_pull, server):
    """Nor can it go round in a circle."""
    (at_pull.bin / "docker-credential-other").symlink_to(at_pull.login.binary)
    at_pull.login.write_config(json.dumps({"credHelpers": {server.host: "other"}}))
    result = at_pull.login.to(server, env=at_pull.environment)
    result.failed(9, "'docker-credential-other get' failed with status 2",
                  "make sure that 'docker-credential-other' works for this user, or log in with "
                  "--no-helper")


def test_the_program_never_runs_itself(at_pull, server):
    warned(at_pull.file(server))
    trap = at_pull.bin / NAME
    trap.unlink()
    trap.write_text(f"#!/bin/sh\necho ran >>{at_pull.login.tmp}/ran\nexit 1\n")
    trap.chmod(0o755)
    for args in (["status"], ["logout", "--if-refused"], ["logout", "--if-user", USER]):
        assert at_pull.run(*args, "--plain-http" if "--if-user" not in args else "--docker",
                           server.host).status == 0
    assert not (at_pull.login.tmp / "ran").exists()


def test_logout_undoes_it(at_pull, server):
    at_pull.login.write_config('{"auths":{},"x":1}')
    warned(at_pull.file(server))
    at_pull.token.unlink()      # a broken source is no hindrance
    result = at_pull.run("logout", server.host)
    assert result.status == 0 and "removed from" in result.stdout, result
    assert json.loads(at_pull.login.config.read_text()) == {"auths": {}, "x": 1, "credHelpers": {}}
    assert at_pull.logins() == {}
    assert "not in" in at_pull.run("logout", server.host).stdout


def test_logout_of_all(at_pull, server):
    warned(at_pull.file(server))
    assert at_pull.run("logout", "--all", "--dry-run").status == 0
    assert at_pull.logins() != {}
    assert at_pull.run("logout", "--all").status == 0
    assert at_pull.logins() == {}
    assert json.loads(at_pull.login.config.read_text()) == {"credHelpers": {}}


def test_logout_if_refused_asks_with_what_the_source_gives(at_pull, server):
    warned(at_pull.file(server))
    result = at_pull.run("logout", "--if-refused", "--plain-http", server.host)
    assert result.status == 0 and "Not logged out" in result.stdout and at_pull.logins(), result
    result = at_pull.run("logout", "--if-user", "somebody", server.host)
    assert "Not logged out" in result.stdout and at_pull.logins()
    at_pull.token.write_text(f"{OTHER_TOKEN}\n")
    result = at_pull.run("logout", "--if-refused", "--plain-http", server.host)
    assert result.status == 0 and "Logout Succeeded" in result.stdout, result
    assert at_pull.logins() == {}


def test_a_record_outlives_a_logout_of_another_file(at_pull, server):
    """One record serves every file that names the helper, wherever they are."""
    elsewhere = at_pull.login.directory / "elsewhere"
    warned(at_pull.file(server, "--config", elsewhere))
    assert at_pull.run("logout", server.host).status == 0
    assert at_pull.get(server.host)["Secret"] == TOKEN
    assert at_pull.run("logout", "--config", elsewhere, server.host).status == 0
    assert at_pull.get(server.host) == NOT_FOUND


def test_a_login_of_another_kind_beside_it(at_pull, server):
    warned(at_pull.file(server))
    at_pull.login.to(server).succeeded()        # the same token: as docker, content
    at_pull.token.write_text(f"{OTHER_TOKEN}\n")
    result = at_pull.login.to(server)
    result.failed(9, "fetched at each pull", "ghcr-login status", "--no-helper")
    at_pull.login.to(server, "--no-helper").succeeded()
    assert at_pull.login.entry(server.host) == f"{USER}:{TOKEN}"


def test_exec_beside_it(at_pull, server):
    warned(at_pull.file(server))
    result = at_pull.login("exec", "-u", USER, "--password-stdin", "--plain-http", server.host,
                           "--", "sh", "-c", "cat $DOCKER_CONFIG/config.json | grep -c auth",
                           stdin=f"{TOKEN}\n".encode(), env=at_pull.environment)
    assert result.status == 0, result
