"""Every command of the README is run, and what it says of statuses and scripts holds.

So are the lines of scripts/examples/README.md; the files there are run by tests/acceptance.
"""

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
EXAMPLES = ROOT / "scripts" / "examples"
TASKS = (EXAMPLES / "README.md").read_text().split("## One line for each task")[1]
CMAKE = (ROOT / "CMakeLists.txt").read_text()
VERSION = re.search(r"^project\(ghcr-login VERSION (\S+)", CMAKE, re.MULTILINE)[1]
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
YAML = [text for kind, text in BLOCKS if kind == "yaml"]
SHELL = [text for kind, text in BLOCKS if kind == "sh"]
INSTALL = next(text for text in SHELL if "cmake" in text)
SCRIPTS = next(text for text in SHELL if "scripts/" in text)
INSTALLER = next(line for text in SHELL for line in text.splitlines() if "install.sh" in line)


def commands(texts):
    return [line for text in texts for line in text.splitlines()
            if re.search(r"(^|\| |=\w+ )ghcr-login ?", line) and not line.startswith("#")]


LINES = commands(SHELL)
TASK_LINES = commands([TASKS.split("```sh\n")[1].split("```")[0]])
OTHER = re.compile("ghcr-login (status|logout)")
OTHERS = [line for line in TASK_LINES + LINES if OTHER.match(line)]
EXEC = next(line for line in TASK_LINES if " exec " in line)
# One line for each registry people ask about: LINE # NAME.
USUAL = [line for line in LINES if re.search(r" # \w+( \w+)?$", line)]
LOGINS = [line for line in LINES + TASK_LINES if line not in [*OTHERS, *USUAL, EXEC]]
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
    """In this order: good and so kept, removed; then found in neither place, and absent."""
    assert shell(LOGINS[0], GHCR_TOKEN=TOKEN).returncode == 0
    refused, user, status, logout = OTHERS
    accepted = shell(status)
    assert accepted.returncode == 0, accepted
    assert accepted.stdout.count(f" as {USER}: accepted\n") == 2
    for line, words in ((refused, "kept in"), (user, "removed from"), (logout, "not in")):
        done = shell(line)
        assert done.returncode == 0 and words in done.stdout, done
    assert shell(status).returncode == 3


def test_there_are_the_logins_that_are_run():
    assert len(LOGINS) >= 12
    assert 'echo "$GHCR_TOKEN" | ghcr-login -u octocat' in LOGINS
    known = len(LOGINS + USUAL + OTHERS) + 1
    both = "".join(SHELL) + TASKS.split("```sh\n")[1].split("```")[0]
    assert known == sum("ghcr-login" in line for line in both.splitlines()
                        if not line.startswith("#") and line != INSTALLER)


def test_the_line_that_installs():
    """tests/acceptance/test_installer.py runs it as a release's notes have it."""
    assert INSTALLER == ("curl -fsSL https://github.com/OWNER/ghcr-login/releases/download/"
                         f"v{VERSION}/install.sh | sh")


def test_the_workflow_is_that_of_the_examples():
    """Each line of it, in order; tests/acceptance/test_examples.py runs the file over ssh."""
    lines = iter(line.strip() for line in (EXAMPLES / "ssh-action.yml").read_text().splitlines())
    for line in YAML[0].splitlines():
        assert line.strip() in lines, line


@pytest.mark.parametrize("told, declared", [
    (r"CMake ([\d.]+)", r"^cmake_minimum_required\(VERSION ([\d.]+)\)"),
    (r"libcurl ([\d.]+)", r"^find_package\(CURL ([\d.]+) REQUIRED\)"),
    (r"jansson ([\d.]+)", r"jansson>=([\d.]+)"),
])
def test_the_versions_that_a_build_needs(told, declared):
    assert re.search(told, README)[1] == re.search(declared, CMAKE, re.MULTILINE)[1]


def action_script():
    """The script: block of the ssh-action example."""
    return re.sub(r"^ +", "", YAML[0].split("script: |\n")[1], flags=re.MULTILINE)


def install_docker(shell):
    """One that pulls with the entry, as docker would, or does not; and a curl that has nothing."""
    docker = shell.commands / "docker"
    docker.write_text('#!/bin/sh\n[ "$2" != pull ] || '
                      'grep -q ghcr.io "${DOCKER_CONFIG-$HOME/.docker}/config.json" && echo did "$@"\n')
    curl = shell.commands / "curl"
    curl.write_text("#!/bin/sh\n")
    for each in (docker, curl):
        each.chmod(0o755)


def test_exec_in_the_readme(shell):
    install_docker(shell)
    done = shell(EXEC, GHCR_TOKEN=TOKEN)
    assert (done.returncode, done.stdout, done.stderr) == (0, "did compose pull\n", "")
    assert list(shell.home.iterdir()) == []


def run_as_action(shell, token):
    """As drone-ssh does: the exports and the script in one string, for the remote shell."""
    install_docker(shell)
    (shell.home.parent / "app").mkdir()
    return shell(f"export GITHUB_TOKEN={shlex.quote(token)}\n{action_script()}",
                 SSH_CONNECTION="192.0.2.1 50022 192.0.2.1 22")


def test_the_ssh_action_example(shell):
    done = run_as_action(shell, TOKEN)
    assert done.returncode == 0, done
    assert done.stdout == "did compose pull\ndid compose up --detach\n"


def test_the_ssh_action_example_with_a_secret_that_is_not_there(shell):
    done = run_as_action(shell, "")
    assert done.returncode == 125, done
    assert "'GITHUB_TOKEN' is empty" in done.stderr and "envs:" in done.stderr
    assert done.stdout == ""


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
    in_help = set(re.findall(r"(?<![\w-])(\d\d?) [a-z]", shown.split("Exit status:")[1]))
    in_readme = set(re.findall(r"^\| (\d+) \|", README, re.MULTILINE))
    assert in_readme == in_help == {f"{status}" for status in range(11)}


def test_every_option_of_the_readme_is_in_the_help(binary):
    shown = subprocess.run([binary, "help", "all"], check=True, capture_output=True, text=True).stdout
    other_tools = {"--build", "--detach", "--extract", "--install", "--uninstall"}
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) - other_tools:
        assert option in shown, option


def test_a_newcomer_has_five_minutes():
    """Short, and in the order in which one asks."""
    assert 150 <= len(README.splitlines()) <= 200
    heads = re.findall(r"^## (.*)$", README, re.MULTILINE)
    assert heads == ["Install", "Deploy from GitHub Actions, without a personal token",
                     "Store a login on the host", "Log in with Ansible", "Coming from docker login",
                     "When it says no", "Exit status", "How it compares", "Security",
                     "Building and contributing"]
    trouble = README.split("## When it says no")[1].split("\n## ")[0]
    assert len(re.findall(r"^\| .*\|$", trouble.split("| --- |")[-1], re.MULTILINE)) == 10


def test_the_causes_are_in_the_program_s_words():
    """Piece by piece: what stands in quotes or after a colon differs from case to case."""
    said = " ".join(subprocess.run([ROOT / "scripts" / "messages.py"], check=True, timeout=60, text=True,
                                   capture_output=True).stdout.split())
    causes = re.findall("“(.*?)”", README.split("## When it says no")[1].split("\n## ")[0])
    assert len(causes) == 10
    for cause in causes:
        for piece in re.split(r"(?<!\w)'[^']*'(?!\w)|HTTP \d+.*|\(…\)|…|: |, or (?=create)", cause):
            assert piece.strip(" ,").removesuffix(" environment variable") in said, cause


@pytest.mark.parametrize("name", ["README.md", "src/README.md", "scripts/examples/README.md",
                                  ".github/CONTRIBUTING.md", ".github/SECURITY.md"])
def test_links_lead_somewhere(name):
    page = ROOT / name
    for target in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text()):
        assert target.startswith("../") or (page.parent / target).exists(), target
