"""Runs each file of scripts/examples as the place runs it that it is meant for.

    done = RUNNERS["crontab"].run(machine, token)     # status, stdout, stderr

Nothing in the file is changed but what a user would fill in, and cron's hour. Every process
that a runner starts is written to a trace of argument lists below the machine's home directory,
where Login.check_leaks() looks for secrets.
"""

import os
import re
import shlex
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import yaml

from stack import PATH

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "scripts" / "examples"
STATIC = ROOT / "build" / "static" / "ghcr-login"
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


def ssh_action(machine, secret, through=(), **options):
    """As drone-ssh, which the action runs: the exports and the script in one exec request.

    They are an argument of the remote shell, whatever a script does: no trace is made there.
    """
    machine.start_sshd()
    workflow = yaml.safe_load((EXAMPLES / "ssh-action.yml").read_text())
    (step,) = workflow["jobs"]["deploy"]["steps"]
    given = {"GHCR_TOKEN": secret}
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
        return ssh_action(machine, secret, ["-tt"], stdin=ours, timeout=20)
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
    data = yaml.safe_load((EXAMPLES / "cloud-init.yml").read_text().replace("${GHCR_TOKEN}", token))
    for each in data["write_files"]:
        write = f"umask 077; cat >{each['path']}; chmod {each['permissions']} {each['path']}"
        assert machine.run(["sh", "-c", write], input=each["content"]).returncode == 0
    lines = [each if isinstance(each, str) else shlex.join(each) for each in data["runcmd"]]
    script = machine.login.directory / "runcmd"
    script.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    script.chmod(0o700)
    done = machine.run(traced(machine, [script]), env={"PATH": SYSTEMD_PATH})
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


@dataclass(frozen=True)
class Runner:
    """`files` are those of scripts/examples that it runs; `user` is who gets the login, if any.

    With an empty secret it ends with `status` and names the `cause`.
    """

    run: Callable
    files: tuple
    cause: str
    user: str = "deploy"
    status: int = 3
    traced: bool = True     # are the argument lists of the host itself in the trace?


RUNNERS = {
    "ssh-action": Runner(ssh_action, ("ssh-action.yml",), "envs:", traced=False),
    "ssh-action-pty": Runner(ssh_action_with_a_terminal, ("ssh-action.yml",), "envs:",
                             traced=False),
    "ssh-stdin": Runner(ssh_stdin, ("ssh-stdin.sh",), "'GHCR_TOKEN' is empty"),
    "ssh-command": Runner(ssh_command, ("ssh-command.sh",), "standard input"),
    "playbook": Runner(playbook, ("playbook.yml",), "standard input is empty",
                       status=2),
    "systemd": Runner(systemd_unit, ("ghcr-login.service",), "ghcr-token' is empty", user="root"),
    "cron": Runner(crontab, ("crontab",), ".ghcr-token' is empty"),
    "cloud-init": Runner(cloud_init, ("cloud-init.yml",), "'/run/ghcr-token' is empty"),
    "compose": Runner(compose, ("compose.yml", "Dockerfile"), "'/run/secrets/ghcr-token' is empty",
                      user="", traced=False),
}
