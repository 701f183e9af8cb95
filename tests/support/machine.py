"""A host in the sandbox of stack.py: users with homes, what is in /usr/local/bin, sshd.

    machine = Machine(stack, login)
    machine.run(["ghcr-login", "-u", "octocat"], env={...})
    machine.start_sshd()
    machine.stack.run([..., f"deploy@{machine.address}"], env=machine.client_environment())
"""

import itertools
import os
import re
import shutil
import subprocess
from pathlib import Path

from stack import PATH

SSHD = """\
ListenAddress 127.0.0.1:{port}
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
"""
SSH = """\
#!/bin/sh
exec {ssh} -F none -p {port} -i '{directory}/user_key' -o IdentitiesOnly=yes \\
    -o UserKnownHostsFile='{directory}/known_hosts' -o StrictHostKeyChecking=yes "$@"
"""
ports = itertools.count(2222)


class Machine:
    """Its users are root and `deploy`, who may use dockerd; their homes are below `directory`.

    `bin` is what it has in /usr/local/bin: alone, or with `and_ours` before what is there.
    """

    def __init__(self, stack, login, and_ours=False):
        self.stack, self.login, self.directory = stack, login, login.directory / "host"
        self.directory.mkdir()
        self.homes = {}
        self.bin, self.commands = (self.directory / name for name in ("bin", "commands"))
        self.bin.mkdir()
        self.commands.mkdir()
        self.port = next(ports)
        self._local = (f"mount -t overlay -o lowerdir='{self.bin}:/usr/local/bin' overlay"
                       if and_ours else f"mount --bind '{self.bin}'") + " /usr/local/bin"
        self._write_users()
        login.directory.chmod(0o755)   # every user has to come to his home
        self.directory.chmod(0o755)

    def config(self, user):
        """Docker's auth file of this user."""
        return self.homes[user] / ".docker" / "config.json"

    def command(self, argv, setup=()):
        """Return the command that runs `argv` in here, after the shell lines of `setup`."""
        lines = [f"mount --bind '{self.directory / name}' /etc/{name}"
                 for name in ("passwd", "group")]
        script = " && ".join([*lines, self._local, *setup, 'exec "$@"'])
        return ["unshare", "--mount", "sh", "-c", script, "sh", *map(str, argv)]

    def run(self, argv, setup=(), **options):
        """Run `argv` in here; see Sandbox.run()."""
        return self.stack.run(self.command(argv, setup), **options)

    def start_sshd(self, through=()):
        """Start sshd, unless it runs, and put into `commands` an ssh that knows it and its key."""
        if (self.directory / "host_key").exists():
            return
        for key in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                            self.directory / key], check=True, timeout=30)
        (self.directory / "user_key.pub").chmod(0o644)
        public = (self.directory / "host_key.pub").read_text()
        (self.directory / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}")
        settings = {"port": self.port, "directory": self.directory}
        (self.directory / "sshd_config").write_text(SSHD.format(**settings))
        ssh = self.commands / "ssh"
        ssh.write_text(SSH.format(ssh=shutil.which("ssh"), **settings))
        ssh.chmod(0o755)
        sshd = shutil.which("sshd", path=PATH)
        self.stack.run(["mkdir", "-p", "/run/sshd"])
        self.stack.sandbox.start(f"sshd-{self.port}", self.command(
            [*through, sshd, "-D", "-e", "-f", self.directory / "sshd_config"]))
        listening = ["ss", "--no-header", "--listening", "--tcp", "--numeric",
                     f"src 127.0.0.1:{self.port}"]
        self.stack.sandbox.wait_until("sshd", lambda: self.stack.run(listening).stdout)

    def client_environment(self, **more):
        """Of somebody elsewhere whose ssh comes in here."""
        return {"PATH": f"{self.commands}:{PATH}", "HOME": str(self.login.home),
                "TMPDIR": str(self.login.tmp), "LANG": "C.UTF-8", **more}

    def _write_users(self):
        users = ""
        for name, identity in (("root", 0), ("deploy", 65534), ("sshd", 65533)):
            self.homes[name] = self.directory / name
            self.homes[name].mkdir()
            os.chown(self.homes[name], identity, identity)
            users += f"{name}:*:{identity}:{identity}::{self.homes[name]}:/bin/sh\n"
        groups = re.sub(r"^(docker:\w*:\d+:).*$", r"\1deploy", Path("/etc/group").read_text(),
                        flags=re.MULTILINE)
        for name, text in (("passwd", users), ("group", groups)):
            (self.directory / name).write_text(text)
            (self.directory / name).chmod(0o644)
