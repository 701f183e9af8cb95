"""Runs each file of scripts/examples as the place runs it that it is meant for.

    done = RUNNERS["crontab"].run(machine, token)     # status, stdout, stderr

Nothing in the file is changed but what a user would fill in, and cron's hour. Where it installs the
program by itself, the release is one on this machine. Every process
that a runner starts is written to a trace of argument lists below the machine's home directory,
where Login.check_leaks() looks for secrets.
"""

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import yaml

from stack import PATH

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "scripts" / "examples"
STATIC = ROOT / "build" / "static" / "ghcr-login"
TAG = "v" + re.search(r"^project\(ghcr-login VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(),
                      re.MULTILINE)[1]
RELEASE_PORT = 8443     # of the sandbox
# What systemd gives to a unit of the system.
SYSTEMD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def traced(machine, argv, name="trace"):
    """Return the command that runs `argv` and notes every argument list."""
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-s", "65536", "-e", "trace=execve",
            "-e", "signal=none", "-o", machine.login.directory / name, "--", *argv]


def token_file(machine, token, name, user="root"):
    """A file with the token; an empty one where there is none."""
    path = machine.login.secret_file(f"{token}\n".encode() if token else b"", name)
    owner = machine.homes[user].stat()
    os.chown(path, owner.st_uid, owner.st_gid)
    return path


def serve_release(machine):
    """Return the address of a repository on this host whose release has the static executable."""
    assert STATIC.exists(), f"{STATIC} is not there: run scripts/build-static.sh"
    address = f"http://127.0.0.1:{RELEASE_PORT}/OWNER/ghcr-login"
    directory = machine.stack.directory / "releases"
    if not directory.exists():
        release = directory / "OWNER/ghcr-login/releases/download" / TAG
        release.mkdir(parents=True)
        for architecture in ("x86_64", "aarch64"):
            shutil.copy(STATIC, release / f"ghcr-login-Linux-{architecture}")
        subprocess.run([ROOT / "scripts" / "release.sh", TAG, address, release], check=True,
                       capture_output=True, timeout=60)
        machine.stack.sandbox.start("releases", [
            sys.executable, "-m", "http.server", "--bind=127.0.0.1", f"--directory={directory}",
            RELEASE_PORT])
        listening = ["ss", "--no-header", "--listening", "--tcp", "--numeric",
                     f"src 127.0.0.1:{RELEASE_PORT}"]
        machine.stack.sandbox.wait_until(
            "the server of releases", lambda: machine.stack.run(listening).stdout)
    return address


def filled_in(machine, name):
    """The text of an example, with a repository that there is."""
    return (EXAMPLES / name).read_text().replace("https://github.com/OWNER/ghcr-login",
                                                 serve_release(machine))


COMPOSE_PLUGIN = """\
#!/bin/sh
[ "$1" != docker-cli-plugin-metadata ] || {
    echo '{"SchemaVersion":"0.1.0","Vendor":"tests","Version":"1","ShortDescription":"compose"}'
    exit
}
[ "$2" = pull ] || { echo "$*"; exit; }
plugin=/usr/libexec/docker/cli-plugins/docker-compose
[ ! -x "$plugin" ] || exec "$plugin" "$@"
shift
exec docker-compose "$@"
"""


def set_up_app(machine, user):
    """A directory `app` with a compose.yml, and `docker compose` where Debian 12 has docker-compose,
    and later ones a plug-in that is one too.

    The plug-in is the user's own: `ghcr-login exec` has to show it to its command.
    """
    home = machine.homes[user]
    app, plugin = home / "app", home / ".docker" / "cli-plugins" / "docker-compose"
    for path in (app, plugin.parent):
        path.mkdir(parents=True)
    (app / "compose.yml").write_text(
        f"services: {{app: {{image: {machine.stack.ghcr.image}}}}}\n")
    plugin.write_text(COMPOSE_PLUGIN)
    plugin.chmod(0o755)
    owner = home.stat()
    os.chown(plugin.parent.parent, owner.st_uid, owner.st_gid)


def job_token(machine, token):
    set_up_app(machine, "deploy")
    return ssh_action(machine, token, "ssh-action.yml")


def ssh_action(machine, secret, name="ssh-action-stored.yml", through=(), **options):
    """As drone-ssh, which the action runs: the exports and the script in one exec request.

    They are an argument of the remote shell, whatever a script does: no trace is made there.
    """
    machine.start_sshd()
    workflow = yaml.safe_load(filled_in(machine, name))
    (job,) = workflow["jobs"].values()
    (step,) = job["steps"]
    given = {"GHCR_TOKEN": secret, "GITHUB_TOKEN": secret}
    # The job's own token reads packages because the workflow says so.
    assert "GITHUB_TOKEN" not in step.get("env", {}) or workflow["permissions"] == {"packages": "read"}
    # A secret that is not defined is an empty string.
    environment = {name: re.sub(r"\$\{\{ secrets\.(\w+) \}\}", lambda m: given.get(m[1], ""), value)
                   for name, value in step.get("env", {}).items()}
    lines = []
    for name in step["with"].get("envs", "").split(","):
        if name.strip().upper() in environment:
            value = environment[name.strip().upper()].replace("'", "'\\''")
            lines.append(f"export {name.strip().upper()}='{value}'")
    script = "\n".join([*lines, *step["with"]["script"].splitlines()])
    user = step["with"]["username"]
    return machine.stack.run(["ssh", *through, f"{user}@127.0.0.1", script],
                             env=machine.client_environment(), **options)


def ssh_action_with_a_terminal(machine, secret):
    """With `request_pty: true`: standard input never comes to an end."""
    ours, theirs = os.pipe()
    try:
        return ssh_action(machine, secret, through=["-tt"], stdin=ours, timeout=20)
    finally:
        os.close(ours)
        os.close(theirs)


def from_elsewhere(machine, argv, **environment):
    """Run `argv` on another host, whose ssh comes into this one."""
    machine.start_sshd(traced(machine, [], "trace-sshd"))
    return machine.stack.run(traced(machine, argv), env=machine.client_environment(**environment))


def ssh_stdin(machine, token):
    return from_elsewhere(machine, [EXAMPLES / "ssh-stdin.sh", "deploy@127.0.0.1"],
                          GHCR_TOKEN=token)


def ssh_command(machine, token):
    return from_elsewhere(machine, [EXAMPLES / "ssh-command.sh", "deploy@127.0.0.1"],
                          GHCR_TOKEN=token)


def playbook(machine, token):
    """Over ssh, with a real vault, at the verbosity that shows the arguments of modules."""
    directory = machine.login.directory / "playbook"
    directory.mkdir()
    shutil.copy(EXAMPLES / "playbook.yml", directory)
    password, secrets = directory / "password", directory / "secrets.yml"
    password.write_text("throwaway\n")
    environment = machine.client_environment(ANSIBLE_VAULT_PASSWORD_FILE=str(password))
    encrypted = subprocess.run(["ansible-vault", "encrypt", "--output", secrets], check=True,
                               input=f'ghcr_token: "{token}"\n', env=environment, text=True,
                               capture_output=True, timeout=60)
    assert encrypted.returncode == 0 and "$ANSIBLE_VAULT" in secrets.read_text()
    return from_elsewhere(
        machine, ["ansible-playbook", "-vvv", "-i", "127.0.0.1,", "-u", "deploy",
                  directory / "playbook.yml"],
        ANSIBLE_VAULT_PASSWORD_FILE=str(password), ANSIBLE_SSH_ARGS="-C",
        ANSIBLE_SSH_TRANSFER_METHOD="piped")


def unit_settings(text):
    """Return (name, value) of every line, in order; a name may come more than once."""
    return re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)


def systemd_unit(machine, token):
    """Its commands one after the other, with the credential where systemd would put it."""
    settings = unit_settings((EXAMPLES / "ghcr-login.service").read_text())
    (credential,) = (value for name, value in settings if name == "LoadCredential")
    name, _, source = credential.partition(":")
    assert source.startswith("/etc/")
    directory = token_file(machine, token, name).parent
    # A unit without User= has no HOME.
    environment = {"PATH": SYSTEMD_PATH, "LANG": "C.UTF-8", "INVOCATION_ID": "0" * 32,
                   "CREDENTIALS_DIRECTORY": str(directory)}
    environment.update(value.split("=", 1) for name, value in settings if name == "Environment")
    commands = [value for kind in ("ExecStartPre", "ExecStart") for name, value in settings
                if name == kind]
    for number, command in enumerate(commands):
        done = machine.run(traced(machine, shlex.split(command), f"trace-{number}"),
                           env=environment)
        if done.returncode != 0:
            break
    return done


# What only looks. Each is given who has a login: nothing is installed or stored.

def watch_unit(machine):
    """As the timer has it started; the two belong together by their name."""
    unit, timer = (EXAMPLES / f"ghcr-login-watch.{kind}" for kind in ("service", "timer"))
    assert ("OnCalendar", "daily") in unit_settings(timer.read_text())
    (command,) = (value for name, value in unit_settings(unit.read_text()) if name == "ExecStart")
    return machine.run(shlex.split(command), env={"PATH": SYSTEMD_PATH, "LANG": "C.UTF-8"})


def watch_play(machine):
    """What it collects goes to stdout, too."""
    directory = machine.login.directory / "watch"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    shutil.copy(EXAMPLES / "watch.yml", directory)
    machine.start_sshd()
    done = machine.stack.run(
        ["ansible-playbook", "-i", "127.0.0.1,", "-u", "deploy", directory / "watch.yml"],
        env=machine.client_environment(ANSIBLE_SSH_ARGS="-C", ANSIBLE_SSH_TRANSFER_METHOD="piped"))
    written = directory / "logins.md"
    table = written.read_text() if written.exists() else ""
    return subprocess.CompletedProcess([], done.returncode, table + done.stdout, done.stderr)


def watch_action(machine):
    return ssh_action(machine, "", "ssh-action-watch.yml")


CRON = """\
rm -f /run/crond.reboot
cron -f &
for _ in $(seq 200); do [ ! -e "$1/status" ] || break; sleep 0.05; done
kill $!
"""
CRON_SHELL = """\
#!/bin/sh
/bin/sh "$@" >'{directory}/mail' 2>&1
echo $? >'{directory}/status.new'
mv '{directory}/status.new' '{directory}/status'
"""


def crontab(machine, token):
    """A real cron, to which it is the right hour at once; what it would mail is stdout."""
    directory = machine.directory / "cron"
    for path in (directory, directory / "crontabs", directory / "empty", directory / "jobs"):
        path.mkdir()
    os.chown(directory / "jobs", machine.homes["deploy"].stat().st_uid, -1)
    (directory / "none").touch()
    shell = directory / "shell"
    shell.write_text(CRON_SHELL.format(directory=directory / "jobs"))
    shell.chmod(0o755)
    text, jobs = re.subn(r"^([\d*]+ ){5}", "@reboot ", (EXAMPLES / "crontab").read_text(),
                         flags=re.MULTILINE)
    assert jobs == 1
    table = directory / "crontabs" / "deploy"
    table.write_text(f"SHELL={shell}\n{text}")
    table.chmod(0o600)
    owner = machine.homes["deploy"].stat()
    os.chown(table, owner.st_uid, owner.st_gid)
    token_file(machine, token, "host/deploy/.ghcr-token", "deploy")
    mounts = {"crontabs": "/var/spool/cron/crontabs", "empty": "/etc/cron.d",
              "none": "/etc/crontab"}
    machine.run(traced(machine, ["sh", "-c", CRON, "sh", directory / "jobs"]), env={"PATH": PATH},
                setup=[f"mount --bind '{directory / name}' {target}"
                       for name, target in mounts.items()])
    assert (directory / "jobs" / "status").exists(), "cron did not run the job"
    return subprocess.CompletedProcess([], int((directory / "jobs" / "status").read_text()),
                                       (directory / "jobs" / "mail").read_text(), "")


def cloud_init(machine, token):
    """As its modules write_files and runcmd do: the commands are lines of one script."""
    data = yaml.safe_load(filled_in(machine, "cloud-init.yml").replace("${GHCR_TOKEN}", token))
    for each in data["write_files"]:
        write = f"umask 077; cat >{each['path']}; chmod {each['permissions']} {each['path']}"
        assert machine.run(["sh", "-c", write], input=each["content"]).returncode == 0
    lines = [each if isinstance(each, str) else shlex.join(each) for each in data["runcmd"]]
    script = machine.login.directory / "runcmd"
    script.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    script.chmod(0o700)
    # What is installed there goes with the machine.
    done = machine.run(traced(machine, [script]), env={"PATH": SYSTEMD_PATH}, setup=[
        "mkdir -p /run/local/upper /run/local/work",
        "mount -t overlay -o lowerdir=/usr/local/bin,upperdir=/run/local/upper,"
        "workdir=/run/local/work overlay /usr/local/bin"])
    left = [each["path"] for each in data["write_files"]
            if machine.run(["test", "!", "-e", each["path"]]).returncode != 0]
    assert not left
    return done


def write_docker_cli(machine, archive):
    """Write what docker:cli has: a shell, docker and root certificates."""
    programs = [shutil.which("docker"), shutil.which("sh")]
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False,
                            timeout=30).stdout
    with tarfile.open(archive, "w") as tar:
        # Without entries of their own dockerd makes directories that not even root may enter who has
        # laid down CAP_DAC_OVERRIDE, as the process that asks has.
        for name in ("etc", "etc/ssl", "etc/ssl/certs", "usr", "usr/local", "usr/local/bin"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for path, target in zip(programs, ("usr/local/bin/docker", "bin/sh")):
            tar.add(os.path.realpath(path), target)
        for library in set(re.findall(r"(?<=\s)/\S+", listed)) - {f"{each}:" for each in programs}:
            tar.add(os.path.realpath(library), library)
        tar.add(machine.stack.directory / "trust" / "ca-certificates.crt",
                "etc/ssl/certs/ca-certificates.crt")


def compose(machine, token):
    """The image is built from the Dockerfile, on what stands for docker:cli."""
    assert STATIC.exists(), f"{STATIC} is not there: run scripts/build-static.sh"
    context = machine.directory / "context"
    context.mkdir()
    for path in (EXAMPLES / "Dockerfile", STATIC):
        shutil.copy(path, context)
    write_docker_cli(machine, archive := machine.directory / "docker-cli.tar")
    token_file(machine, token, "host/root/.ghcr-token")
    # The sandbox has no bridge.
    (machine.directory / "host.yml").write_text("services: {deploy: {network_mode: host}}\n")
    environment = {"PATH": PATH, "HOME": str(machine.homes["root"]), "DOCKER_BUILDKIT": "0"}
    tool = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
    script = f"docker import '{archive}' docker:cli && docker build -t deployer '{context}'"
    built = machine.run(["sh", "-c", script], env=environment)
    assert built.returncode == 0, built
    archive.unlink()
    try:
        return machine.run(traced(machine, [
            *tool, "-f", EXAMPLES / "compose.yml", "-f", machine.directory / "host.yml", "run",
            "--rm", "-T", "deploy"]), env=environment)
    finally:
        machine.run(["docker", "rmi", "-f", "deployer", "docker:cli"], env=environment)


KUBECTL = """\
#!/bin/sh
case "$1 $2" in
"create secret")
    for word; do
        case $word in --from-file=.dockerconfigjson=*) file=${word#*json=} ;; esac
    done
    case $* in *--type=kubernetes.io/dockerconfigjson*--dry-run=client\\ -o\\ yaml*) ;; *) exit 2 ;; esac
    content=$(base64 -w0 "$file") || exit
    echo "{\\"kind\\":\\"Secret\\",\\"data\\":{\\".dockerconfigjson\\":\\"$content\\"}}" ;;
"apply -f") cat >"$KUBERNETES" && [ -s "$KUBERNETES" ] ;;
*) exit 2 ;;
esac
"""


def kubernetes(machine, token):
    """kubectl hands a Secret over; the node pulls with what is in it."""
    (machine.bin / "kubectl").write_text(KUBECTL)
    (machine.bin / "kubectl").chmod(0o755)
    environment = {"PATH": f"/usr/local/bin:{PATH}", "HOME": str(machine.homes["root"]),
                   "TMPDIR": str(machine.login.tmp), "GHCR_TOKEN": token}
    with tempfile.TemporaryDirectory() as node:
        applied = Path(node) / "secret"
        done = machine.run(traced(machine, [EXAMPLES / "kubernetes-secret.sh"]),
                           env={**environment, "KUBERNETES": str(applied)})
        if done.returncode == 0:
            data = json.loads(applied.read_text())["data"][".dockerconfigjson"]
            (Path(node) / "config.json").write_bytes(base64.b64decode(data))
            machine.run(["docker", "--config", node, "pull", machine.stack.ghcr.image],
                        env=environment)
        else:
            assert not applied.exists() or not applied.read_text()
    assert not list(machine.login.tmp.iterdir())
    return done


@dataclass(frozen=True)
class Runner:
    """`files` are those of scripts/examples that it runs; `user` is who gets the login, if any.

    With an empty secret it ends with `status` and names the `cause`. Whoever runs it has the program
    where scripts/deploy.sh puts it: that is `runs_as`, or "" where the example installs it itself.
    """

    run: Callable
    files: tuple
    cause: str
    user: str = "deploy"
    runs_as: str = "deploy"
    status: int = 3
    traced: bool = True     # are the argument lists of the host itself in the trace?


RUNNERS = {
    "job-token": Runner(job_token, ("ssh-action.yml",), "envs:", user="", runs_as="", status=125,
                        traced=False),
    "ssh-action": Runner(ssh_action, ("ssh-action-stored.yml",), "envs:", runs_as="", traced=False),
    "ssh-action-pty": Runner(ssh_action_with_a_terminal, ("ssh-action-stored.yml",), "envs:",
                             runs_as="", traced=False),
    "ssh-stdin": Runner(ssh_stdin, ("ssh-stdin.sh",), "'GHCR_TOKEN' is empty"),
    "ssh-command": Runner(ssh_command, ("ssh-command.sh",), "standard input"),
    "playbook": Runner(playbook, ("playbook.yml",), "standard input is empty",
                       status=2),
    "systemd": Runner(systemd_unit, ("ghcr-login.service",), "ghcr-token' is empty", user="root",
                      runs_as="root"),
    "cron": Runner(crontab, ("crontab",), ".ghcr-token' is empty"),
    "cloud-init": Runner(cloud_init, ("cloud-init.yml",), "'/run/ghcr-token' is empty", runs_as=""),
    "compose": Runner(compose, ("compose.yml", "Dockerfile"), "'/run/secrets/ghcr-token' is empty",
                      user="", runs_as="", traced=False),
    "kubernetes": Runner(kubernetes, ("kubernetes-secret.sh",), "'GHCR_TOKEN' is empty", user="",
                         runs_as="root"),
}


@dataclass(frozen=True)
class Watcher:
    """Looks at what `user` has stored; see Runner. It says what it found where that was wanted."""

    run: Callable
    files: tuple
    user: str = "deploy"
    runs_as: str = "deploy"
    days: tuple = (30, 5)   # that the token lasts; None: it is revoked


WATCHERS = {
    "systemd": Watcher(watch_unit, ("ghcr-login-watch.service", "ghcr-login-watch.timer"),
                       user="root", runs_as="root", days=(30, 5, None)),
    "play": Watcher(watch_play, ("watch.yml",), days=(5,)),     # a run takes seconds
    "action": Watcher(watch_action, ("ssh-action-watch.yml",), runs_as=""),
}
