"""The token fetched at each pull: real engines ask the real helper, and the file is rotated."""

import json
import os
import shlex
import shutil

import pytest

from example_runners import CRON, CRON_SHELL, SYSTEMD_PATH
from harness import USER
from machine import Machine
from person import DOCKER, PODMAN, SKOPEO, Engine
from stack import PATH
from test_engines import REFUSALS

NAME = "docker-credential-ghcr-login"
BUILDAH = Engine(
    "buildah", config="--authfile {directory}/config.json",
    pull="buildah pull {option} {image}",
    image_id="buildah inspect --type image --format '{{{{.FromImageID}}}}' {image}"
             " && buildah rmi {image} >&2")
ENGINES = {each.name: each for each in (DOCKER, PODMAN, SKOPEO, BUILDAH)}

engines = pytest.mark.parametrize("engine", ENGINES.values(), ids=str)


class Host:
    """A machine with the program under both names in /usr/local/bin."""

    def __init__(self, stack, login, binary):
        self.stack, self.login = stack, login
        self.machine = Machine(stack, login, and_ours=True)
        shutil.copy(binary, self.machine.bin / "ghcr-login")
        (self.machine.bin / NAME).symlink_to("ghcr-login")
        for path in (self.machine.directory, self.machine.bin):
            path.chmod(0o755)
        self.home = self.machine.homes["root"]
        self.record = self.home / ".config/ghcr-login/logins.json"

    def rotate(self, token, user="root"):
        """What Vault's agent, sops or Ansible does: one file is replaced."""
        path = self.login.secret_file(f"{token}\n".encode(), f"host/{user}/token.new")
        file = self.machine.homes[user] / "token"
        path.replace(file)
        self.login._secret_files.add(file.resolve())
        owner = self.machine.homes[user].stat()
        os.chown(file, owner.st_uid, owner.st_gid)
        return file

    def environment(self, user="root", **more):
        return {**self.stack.environment(self.machine.homes[user]), "PATH": SYSTEMD_PATH,
                "USER": user, "TMPDIR": str(self.login.tmp), **more}

    def sh(self, script, user="root", setup=(), **more):
        through = [] if user == "root" else ["setpriv", f"--reuid={user}", "--regid=nogroup",
                                             "--groups=docker"]
        done = self.machine.run([*through, "sh", "-c", script], setup=setup,
                                env=self.environment(user, **more))
        self.login.check_leaks({"stdout": done.stdout.encode(), "stderr": done.stderr.encode()},
                               set())
        return done

    def set_up(self, source, *args, user="root"):
        done = self.sh(shlex.join(["ghcr-login", "--at-pull", "-u", USER, *source, *args]), user)
        assert done.returncode == 0 and done.stderr == "", done
        assert done.stdout.startswith("Login Succeeded"), done
        return done

    def pull(self, engine, **more):
        return self.sh(engine.pull.format(option="", image=self.stack.ghcr.image), **more)

    def take_image(self, engine, **more):
        done = self.sh(engine.image_id.format(image=self.stack.ghcr.image), **more)
        assert done.returncode == 0, done
        found = "sha256:" + done.stdout.split()[0].removeprefix("sha256:")
        assert found == self.stack.image_id

    def assert_pulls(self, engine, **more):
        done = self.pull(engine, **more)
        assert done.returncode == 0, done
        self.take_image(engine, **more)


@pytest.fixture
def host(stack, person, binary):
    return Host(stack, person.login, binary)


@engines
def test_a_rotation_between_two_pulls(engine, host, stack):
    """Set up once; then the file is all that changes."""
    first, second = stack.new_token(), stack.new_token()
    file = host.rotate(first)
    host.set_up(["--token-file", str(file)])
    config = (host.home / ".docker/config.json").read_bytes()
    assert json.loads(config) == {"credHelpers": {"ghcr.io": "ghcr-login"}}
    host.assert_pulls(engine)
    stack.revoke(first)
    done = host.pull(engine)
    assert done.returncode != 0, done
    assert any(words in done.stderr for words in REFUSALS), done
    said = host.sh("ghcr-login status --docker")      # which names the source of what is refused
    assert said.returncode == 4 and f"reads '{file}'" in said.stdout, said
    host.rotate(second)
    host.assert_pulls(engine)
    assert (host.home / ".docker/config.json").read_bytes() == config


@engines
def test_a_command_is_run_at_each_pull(engine, host, stack):
    file = host.rotate(stack.new_token())
    host.set_up(["--token-command", f"cat {file}"])
    host.assert_pulls(engine)


def test_podman_s_own_file(host, stack):
    file = host.rotate(stack.new_token())
    host.set_up(["--token-file", str(file)], "--podman", "--persistent")
    for engine in (PODMAN, SKOPEO, BUILDAH):
        host.assert_pulls(engine)


@engines
def test_a_broken_source(engine, host, stack):
    """docker 28 goes on without a credential, and podman fails: both show what is wrong."""
    file = host.rotate(stack.new_token())
    host.set_up(["--token-file", str(file)])
    file.unlink()
    done = host.pull(engine)
    assert done.returncode != 0, done
    assert f"cannot open file '{file}': No such file or directory" in done.stdout + done.stderr
    assert "the secret is mounted" in done.stdout + done.stderr, done


@engines
def test_a_helper_that_is_gone(engine, host, stack):
    """What the manual's table says of it: docker says nothing of the helper at all."""
    host.set_up(["--token-file", str(host.rotate(stack.new_token()))])
    (host.machine.bin / NAME).unlink()
    done = host.pull(engine)
    assert done.returncode != 0, done
    assert (NAME in done.stdout + done.stderr) == (engine is not DOCKER), done


def test_docker_login_and_logout_leave_it_alone(host, stack):
    token = stack.new_token()
    host.set_up(["--token-file", str(host.rotate(token))])
    done = host.sh("printf %s $T | docker login -u $U --password-stdin ghcr.io", T=token, U=USER)
    assert done.returncode == 0 and "Login Succeeded" in done.stdout, done
    other = stack.new_token()
    done = host.sh("printf %s $T | docker login -u $U --password-stdin ghcr.io", T=other, U=USER)
    assert done.returncode != 0 and "comes from file" in done.stdout + done.stderr, done
    done = host.sh("docker logout ghcr.io")
    assert done.returncode == 0 and "ghcr-login logout ghcr.io" in done.stderr, done
    host.assert_pulls(DOCKER)
    done = host.sh("ghcr-login status --docker")
    assert done.returncode == 0 and "asks ghcr-login, which reads" in done.stdout, done
    done = host.sh("ghcr-login logout")
    assert done.returncode == 0 and json.loads(host.record.read_text()) == {"logins": {}}, done
    assert host.pull(DOCKER).returncode != 0


def test_public_images_of_other_registries_are_pulled_without_a_word(host, stack):
    """`docker build` asks for every name in credHelpers, and a host without a record has none."""
    host.set_up(["--token-file", str(host.rotate(stack.new_token()))])
    done = host.sh(f"printf '%s' {stack.own.name} | {NAME} get")
    assert done.stdout == "credentials not found in native keychain\n" and done.stderr == ""


def test_for_user_reads_the_source_as_that_user(host, stack):
    file = host.rotate(stack.new_token(), "deploy")
    args = ["--token-file", str(file)]
    record = host.machine.homes["deploy"] / ".config/ghcr-login/logins.json"
    file.chmod(0)
    done = host.sh(shlex.join(["ghcr-login", "--at-pull", "--for-user", "deploy", *args]))
    assert done.returncode == 3 and "Permission denied" in done.stderr, done
    assert not record.exists()
    file.chmod(0o400)
    host.set_up(args, "--for-user", "deploy")
    assert record.stat().st_uid == record.parent.stat().st_uid == 65534
    host.assert_pulls(DOCKER, user="deploy")
    # A command sees who runs it.
    done = host.sh("ghcr-login --at-pull --for-user deploy --token-command "
                   f"'[ $(id -u) = 65534 ] && [ $HOME = {record.parents[2]} ] && cat {file}'")
    assert done.returncode == 0, done
    host.assert_pulls(DOCKER, user="deploy")


SUDOERS = 'Defaults secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"\n' \
          "root ALL=(ALL) NOPASSWD: ALL\ndeploy ALL=(ALL) NOPASSWD: ALL\n"


def test_sudo_docker_pull_with_a_record_of_root_s(host, stack):
    host.set_up(["--token-file", str(host.rotate(stack.new_token()))])
    sudoers = host.machine.directory / "sudoers"
    sudoers.write_text(SUDOERS)
    sudoers.chmod(0o440)
    done = host.sh(f"sudo docker pull {stack.ghcr.image}", user="deploy",
                   setup=[f"mount --bind '{sudoers}' /etc/sudoers"])
    assert done.returncode == 0, done
    host.take_image(DOCKER)
    # Without sudo it is another user, who has no record and no auth file.
    assert host.pull(DOCKER, user="deploy").returncode != 0


UNIT = """\
[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force

[Service]
Type=oneshot
LoadCredential=ghcr-token:{token}
Environment=HOME={home}
StandardOutput=append:{directory}/out
StandardError=inherit
ExecStartPre=ghcr-login --at-pull -u octocat --token-file %d/ghcr-token
ExecStart=docker pull {image}
"""

# A cgroup of its own, for the real systemd as process 1 of a container that shares our files, but
# can change neither /etc nor the kernel's settings, and has a /run of its own but for dockerd.
BOOT = """
set -e
cd {directory}
mkdir -p run groups
mount -t cgroup2 cgroup2 groups
mkdir groups/boot
echo $$ >groups/boot/cgroup.procs
unshare --mount --pid --fork --mount-proc --cgroup --uts --ipc --kill-child sh -ec '
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --rbind /etc /etc
mount -o remount,bind,ro /etc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -t tmpfs -o mode=755 tmpfs run
touch run/docker.sock
mount --bind /run/docker.sock run/docker.sock
mount --rbind run /run
mkdir -p /run/systemd/system
cp pull.service /run/systemd/system/
mount --make-rshared /
exec env -i container=other SYSTEMD_LOG_TARGET=null /lib/systemd/systemd --unit=pull.service
'
echo $$ >groups/cgroup.procs
find groups/boot -depth -type d -exec rmdir '{{}}' +
"""


def test_a_unit_with_a_credential_of_its_own(host, stack):
    """systemd hands it to the unit and writes its path for %d; a restart brings the next one."""
    directory = host.machine.directory / "systemd"
    directory.mkdir()
    (directory / "pull.service").write_text(UNIT.format(
        token=host.home / "token", home=host.home, directory=directory, image=stack.ghcr.image))
    for words in ("set up in", "already set up in"):
        token = stack.new_token()
        host.rotate(token)
        done = host.machine.run(["sh", "-c", BOOT.format(directory=directory)],
                                env={"PATH": PATH, "LANG": "C.UTF-8"})
        out = (directory / "out").read_text()
        assert done.returncode == 0 and f"token from file '/run/credentials/pull.service/ghcr-token'" \
            f" at each pull, {words} '{host.home}/.docker/config.json'\n" in out, (done, out)
        host.take_image(DOCKER)
        host.login.check_leaks({"out": out.encode()}, set())
        stack.revoke(token)


def test_a_cron_job_pulls_with_what_the_file_has_by_then(host, stack):
    first = stack.new_token()
    file = host.rotate(first, "deploy")
    host.set_up(["--token-file", str(file)], user="deploy")
    stack.revoke(first)
    host.rotate(stack.new_token(), "deploy")
    directory = host.machine.directory / "cron"
    for path in (directory, directory / "crontabs", directory / "empty", directory / "jobs"):
        path.mkdir()
    os.chown(directory / "jobs", 65534, -1)
    (directory / "none").touch()
    shell = directory / "shell"
    shell.write_text(CRON_SHELL.format(directory=directory / "jobs"))
    shell.chmod(0o755)
    table = directory / "crontabs" / "deploy"
    table.write_text(f"SHELL={shell}\nPATH=/usr/local/bin:/usr/bin:/bin\n"
                     f"@reboot docker pull {stack.ghcr.image}\n")
    table.chmod(0o600)
    os.chown(table, 65534, 65534)
    mounts = {"crontabs": "/var/spool/cron/crontabs", "empty": "/etc/cron.d",
              "none": "/etc/crontab"}
    host.machine.run(["sh", "-c", CRON, "sh", directory / "jobs"], env={"PATH": PATH},
                     setup=[f"mount --bind '{directory / name}' {target}"
                            for name, target in mounts.items()])
    assert (directory / "jobs" / "status").read_text() == "0\n", (
        directory / "jobs" / "mail").read_text()
    host.take_image(DOCKER, user="deploy")
