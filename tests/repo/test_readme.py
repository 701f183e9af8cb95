"""Every command of the README is run, and what it says of statuses and scripts holds."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from harness import TOKEN, USER
from proxy import ConnectProxy
from registry import Registry

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = [text for kind, text in BLOCKS if kind == "sh"]
INSTALL = next(text for text in SHELL if "cmake" in text)
SCRIPTS = next(text for text in SHELL if "scripts/" in text)
LINES = [line for text in SHELL for line in text.splitlines()
         if "ghcr-login" in line and not line.startswith("#")]
OTHERS = [line for line in LINES if re.match("ghcr-login (status|logout)", line)]
EXEC = next(line for line in LINES if " exec " in line)
# One line for each registry people ask about: LINE # NAME.
USUAL = [line for line in LINES if re.search(r" # \w+( \w+)?$", line)]
LOGINS = [line for line in LINES if line not in OTHERS + USUAL and line != EXEC]
SECRET_FILE = r"/run/(secrets|vault)/ghcr-token"


@pytest.fixture
def shell(binary, ca, tmp_path):
    """Runs a script where ghcr.io and registry.example.com are on this machine."""
    commands, home, secret = tmp_path / "bin", tmp_path / "home", tmp_path / "secret"
    commands.mkdir()
    home.mkdir()
    secret.write_text(TOKEN + "\n")
    (commands / "ghcr-login").symlink_to(binary)
    (commands / "docker-credential-ghcr-login").symlink_to(binary)
    for other in ("gh", "sops"):
        (commands / other).write_text(f"#!/bin/sh\necho {TOKEN}\n")
        (commands / other).chmod(0o755)
    environment = {"PATH": f"{commands}:/usr/bin:/bin", "HOME": str(home), "USER": USER,
                   "SSL_CERT_FILE": str(ca.pem), "PASSWORD": TOKEN}
    (tmp_path / "ca.pem").write_bytes(ca.pem.read_bytes())
    with Registry(ca.issue("ghcr.io", "registry.example.com"), user=USER, token=TOKEN,
                  images={"octocat/app:1.2": "private"}) as server, \
            ConnectProxy(server.port) as proxy:
        environment["https_proxy"] = proxy.url

        def run(script, **more):
            return subprocess.run(["sh", "-ec", re.sub(SECRET_FILE, str(secret), script)],
                                  env={**environment, **more}, cwd=tmp_path, text=True,
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=30)

        run.commands, run.home = commands, home
        yield run


@pytest.mark.parametrize("line", LOGINS)
def test_a_login_of_the_readme(shell, line):
    done = shell(line, GHCR_TOKEN=TOKEN)
    assert done.returncode == 0, done
    assert "--json" in line or done.stdout.startswith("Login Succeeded"), done
    places = {"--docker": ".docker/config.json", "--podman": ".config/containers/auth.json"}
    for option, place in places.items():
        if option in line or (option == "--docker" and "--podman" not in line):
            assert (shell.home / place).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("line", USUAL)
def test_each_registry_by_its_usual_credential(line, binary, ca, tmp_path):
    words = shlex.split(line, comments=True)
    user = words[words.index("-u") + 1].replace("$APP_ID", "an-application")
    name = "registry-1.docker.io" if words[-1] == "docker.io" else words[-1]
    (tmp_path / "ghcr-login").symlink_to(binary)
    (tmp_path / "key.json").write_text(TOKEN)
    (tmp_path / "key.json").chmod(0o600)
    with Registry(ca.issue(name), user=user, token=TOKEN) as server, \
            ConnectProxy(server.port) as proxy:
        done = subprocess.run(["sh", "-ec", line], cwd=tmp_path, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=30, env={
                                  "PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path),
                                  "SSL_CERT_FILE": str(ca.pem), "https_proxy": proxy.url,
                                  "GHCR_TOKEN": TOKEN, "PASSWORD": TOKEN,
                                  "APP_ID": "an-application"})
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.startswith("Login Succeeded")


def test_the_readme_has_the_registries_people_ask_about():
    assert len(USUAL) == 9


def test_the_other_commands_of_the_readme(shell):
    """In their order: found and good, kept for that, removed, absent."""
    assert shell(LOGINS[0], GHCR_TOKEN=TOKEN).returncode == 0
    said = [shell(line) for line in OTHERS]
    assert [each.returncode for each in said] == [0] * 4, said
    assert said[0].stdout.count(f" as {USER}: accepted\n") == 2
    for each, words in zip(said[1:], ("kept in", "removed from", "not in"), strict=True):
        assert words in each.stdout, each


def test_the_readme_has_the_logins_that_are_run():
    assert len(LOGINS) >= 7
    assert "echo $GHCR_TOKEN | ghcr-login -u $USER" in LOGINS


def action_script():
    """The script: block of the ssh-action example."""
    yaml = next(text for kind, text in BLOCKS if kind == "yaml")
    return re.sub(r"^ +", "", yaml.split("script: |\n")[1], flags=re.MULTILINE)


def install_docker(shell):
    """One that finds the entry, or does not, as docker would."""
    docker = shell.commands / "docker"
    docker.write_text('#!/bin/sh\ngrep -q ghcr.io "${DOCKER_CONFIG-$HOME/.docker}/config.json" && '
                      'echo pulled "$@"\n')
    docker.chmod(0o755)


def test_exec_in_the_readme(shell):
    install_docker(shell)
    done = shell(EXEC, GHCR_TOKEN=TOKEN)
    assert (done.returncode, done.stdout, done.stderr) == (0, "pulled compose pull\n", "")
    assert list(shell.home.iterdir()) == []


def run_as_action(shell, token):
    """As drone-ssh does: the exports and the script in one string, for the remote shell."""
    install_docker(shell)
    return shell(f"export GHCR_TOKEN={shlex.quote(token)}\n{action_script()}")


def test_the_ssh_action_example(shell):
    done = run_as_action(shell, TOKEN)
    assert done.returncode == 0, done
    assert done.stdout.endswith("pulled compose pull\n")


def test_the_ssh_action_example_with_a_secret_that_is_not_defined(shell):
    done = run_as_action(shell, "")
    assert done.returncode == 3, done
    assert "'GHCR_TOKEN' is empty" in done.stderr and "envs:" in done.stderr
    assert "pulled" not in done.stdout


def test_installing(tmp_path):
    """Into a directory instead of the system, and without sudo's help."""
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\nexec "$@"\n')
    sudo.chmod(0o755)
    script = INSTALL.replace("build/here", str(tmp_path / "build"))
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}",
                   "DESTDIR": str(tmp_path / "root")}
    subprocess.run(["sh", "-ec", script], cwd=ROOT, env=environment, check=True, timeout=300,
                   stdout=subprocess.DEVNULL)
    installed = tmp_path / "root" / "usr" / "local" / "bin" / "ghcr-login"
    shown = subprocess.run([installed, "--version"], check=True, capture_output=True, text=True)
    assert re.match(r"ghcr-login \d+\.\d+\.\d+ libcurl/", shown.stdout)


def quickstart(**more):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("GHCR_", "GITHUB_"))}
    return subprocess.run([ROOT / "scripts" / "quickstart.sh"], env={**environment, **more},
                          text=True, capture_output=True, timeout=300)


def test_the_quickstart():
    """With nothing of the user's: it must find its own registry and show a login and a refusal."""
    done = quickstart()
    assert done.returncode == 0, done
    assert "Login Succeeded: 127.0.0.1:" in done.stdout
    assert '"auth": "..."' in done.stdout
    assert "refused the credential" in done.stderr
    *_, login, install = done.stdout.splitlines()
    assert login.startswith("    echo $GHCR_TOKEN | /") and "cmake --install /" in install


@pytest.mark.parametrize("name", [None, "octocat"])
def test_the_quickstart_with_a_token(name):
    """To ghcr.io, with a name or without; here nothing leads there."""
    proxy = "http://127.0.0.1:1"
    named = {"GHCR_USERNAME": name} if name else {}
    done = quickstart(GHCR_TOKEN=TOKEN, https_proxy=proxy, HTTPS_PROXY=proxy, **named)
    shown = [line for line in done.stdout.splitlines() if "echo $GHCR_TOKEN |" in line]
    assert done.returncode == 5 and len(shown) == 1, done
    assert shown[0].endswith(f" -u {name} --password-stdin" if name else "ghcr-login --password-stdin")
    assert "cannot" in done.stderr and TOKEN not in done.stdout + done.stderr


def test_the_two_commands_are_there():
    for name in re.findall(r"^scripts/\S+", SCRIPTS, re.MULTILINE):
        assert os.access(ROOT / name, os.X_OK), name
    assert "scripts/test.sh" in (ROOT / ".ci" / "run").read_text()


def test_the_statuses_are_those_of_the_help(binary):
    """README and --help name the same statuses."""
    shown = subprocess.run([binary, "help", "all"], check=True, capture_output=True, text=True).stdout
    in_help = set(re.findall(r"(?<![\w-])(\d) [a-z]", shown.split("Exit status:")[1]))
    in_readme = set(re.findall(r"^\| (\d) \|", README, re.MULTILINE))
    assert in_readme == in_help == set("0123456789")


def test_every_option_of_the_readme_is_in_the_help(binary):
    shown = subprocess.run([binary, "help", "all"], check=True, capture_output=True, text=True).stdout
    other_tools = {"--build", "--extract", "--install", "--preset"}
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - other_tools:
        assert option in shown, option
