"""What people type: as in docker where that is safe, and told of where it is not."""

import json

import pytest

from harness import FINE_GRAINED, TOKEN, USER, auth

LINE = f"{TOKEN}\n".encode()


@pytest.mark.parametrize("args", [["-u=" + USER], ["-u", USER], ["-u" + USER], ["--username", USER],
                                  ["--username=" + USER], ["-u", "other", "-u", USER],
                                  ["-u", f" {USER} "], ["-u", f"{USER}\n\n"],
                                  ["-u", f"\u00a0{USER}\u00a0\u3000"]], ids=" ".join)
def test_the_name_is_taken_as_docker_takes_it(login, server, args):
    login(*args, "--password-stdin", "--plain-http", server.host, stdin=LINE).succeeded()
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("args", [["-p", "-"], ["-p-"], ["-p=-"], ["--password=-"]], ids=" ".join)
def test_a_dash_for_a_password_is_standard_input(login, server, args):
    login("-u", USER, *args, "--plain-http", server.host, stdin=LINE).succeeded()
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("option", ["--password-stdin", "--json", "-q", "--"])
def test_an_empty_variable_behind_u(login, server, option):
    result = login("-u", option, server.host, "--plain-http", stdin=LINE)
    assert result.status == 2 and "check that the variable after --username is set" in result.stderr
    assert server.connections == 0


@pytest.mark.parametrize("form", ["http://{}", "http://{}/", "http://{}/v2/", "HTTP://{}", "{}",
                                  "{}/v2/", "https://{}/v1/"])
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_registry_on_this_machine_without_tls(login, server, form, name):
    """As docker takes it: what is sent stays here."""
    host = server.at(name)
    server.realm = f"http://{host}/token"
    login("-u", USER, "--password-stdin", form.format(host), stdin=LINE).succeeded()
    assert login.entry(host) == f"{USER}:{TOKEN}"


def test_http_in_front_of_another_host(ghcr):
    result = ghcr("-u", USER, "http://ghcr.io", env={"GHCR_TOKEN": TOKEN})
    assert result.status == 0 and "'http://' is ignored" in result.stderr, result


@pytest.mark.parametrize("command", [[], ["logout"], ["status"]], ids=str)
@pytest.mark.parametrize("name", ["other", "settings.json", "config.json"])
def test_a_file_where_a_directory_is_meant(login, server, command, name):
    path = login.work / name
    path.write_text("{}")
    result = login(*command, "--config", path, server.host, stdin=LINE)
    result.failed(2, "--config requires a directory", "hint: name the directory")
    assert path.read_text() == "{}" and server.connections == 0


@pytest.mark.parametrize("flag", ["--password-stdin=true", "--password-stdin=1", "-q=false",
                                  "--json=false", "--no-verify=False"])
def test_a_flag_with_its_value(login, server, flag):
    """As docker takes one."""
    login("-u", USER, flag, "--plain-http", server.host, stdin=LINE).succeeded()
    assert server.endpoints == ["ping", "token", "ping2"]


def test_a_flag_that_is_off(login, server):
    login("-u", USER, "--password-stdin=false", "--token-env", "T", "--plain-http", server.host,
          env={"T": TOKEN}).succeeded()
    login("-u", USER, "--password-stdin=perhaps", server.host, stdin=LINE).failed(
        2, "--password-stdin does not take a value other than true or false")


def test_a_name_that_is_like_an_option_but_none(login, server):
    login("-u", "--foo", "--password-stdin", "--plain-http", server.host, stdin=LINE).succeeded()
    assert login.entry(server.host) == f"--foo:{TOKEN}"
    login("-u=--json", "--password-stdin", server.host, stdin=LINE).failed(
        2, "--username was given '--json'")


def test_dockers_own_place_for_config(login, server):
    """docker --config DIR login"""
    config = ["--config", "d"]
    (login.work / "d").mkdir()
    login("--config=d", "status", server.host).failed(3, "finds no credential")
    result = login(*config, "login", "-u", USER, "--password-stdin", "--plain-http", server.host,
                   stdin=LINE)
    assert result.status == 0, result
    assert login.entry(server.host, login.work / "d/config.json") == f"{USER}:{TOKEN}"
    assert login(*config, "status", "--no-verify", server.host).status == 0
    login(*config, "logout", server.host)
    assert json.loads((login.work / "d/config.json").read_bytes())["auths"] == {}


@pytest.mark.parametrize("args, start", [(["-v", "version"], "ghcr-login "),
                                         (["-q", "help"], "usage: "), (["-q", "help", "all"], "")])
def test_a_command_behind_options(login, args, start):
    result = login(*args)
    assert result.status == 0 and result.stdout.startswith(start), result


TYPED = [
    (["logut"], "'logut' is neither", "did you mean 'logout'?"),
    (["LOGOUT"], "'LOGOUT' is neither", "did you mean 'logout'?"),
    (["$REGISTRY"], "'$REGISTRY' was not expanded", "single quotes"),
    (["${{ env.REGISTRY }}"], "was not expanded", "workflow files"),
    (['"ghcr.io"'], "a space or a quotation mark",
     "remove it, or correct the variable that the name comes from"),
    (["logout", "ghcr.io "], "a space or a quotation mark", "remove it"),
    (["--registry", "ghcr.io"], "'--registry'", "without an option"),
    (["--password-file", "x"], "'--password-file'", "--token-file"),
    (["--email", "x"], "'--email'", "omit it"),
    (["octocat"], "'octocat' is neither", "-u"),
    (["exec", "docker", "pull", "x"], "'exec' requires '--'", "-- COMMAND"),
    (["exec", "ghcr.io", "docker", "pull"], "'exec' requires '--'", "-- COMMAND"),
    (["ghcr.io", "quay.io"], "'ghcr.io' and 'quay.io'", ""),
    (["ghcr.io\r"], "Windows line endings", "sed -i"),
    (["-u", USER, "--password-stdin\r"], "Windows line endings", "sed -i"),
    (["--authfile", "-"], "--authfile does not accept '-'", ""),
    (["--config", "x/config.json"], "was given a file", "the directory that contains the file"),
    (["--config=~/.docker"], "starts with '~'", '$HOME'),
    (["--cacert", "$CA"], "starts with '$'", "double quotes"),
    (["--tls-verify=false"], "'--tls-verify'", "--insecure"),
    (["--tls"], "'--tls'", "--insecure"),
    (["--tlscacert", "x"], "'--tlscacert'", "use --cacert FILE"),
    ([""], "the registry is empty",
     "check that the variable that names it is set, or omit the argument for ghcr.io"),
    (["logout", ""], "the registry is empty", "variable"),
    (["docker", "login", "ghcr.io"], "'docker' is neither", "omit it: ghcr-login COMMAND [OPTION...]"),
    (["podman", "login"], "'podman' is neither", "omit it"),
    (["--get-login"], "'--get-login'", "ghcr-login status"),
    (["--compat-auth-file", "x"], "'--compat-auth-file'", "--config DIR"),
    (["--secret", "x"], "'--secret'", "--token-file FILE"),
    (["--tlscert", "x"], "'--tlscert'", "use --cert-dir DIR"),
    (["--password-env", "x"], "'--password-env'", "use --token-env VAR"),
    (["logout", "-a"], "'-a'", "use --all"),
    (["hub.docker.com"], "hub.docker.com", "docker.io"),
    (["github.com"], "github.com", "ghcr.io"),
    (["https://github.com/octocat"], "github.com", "ghcr.io"),
    (["ghcr.io/octocat/app:1"], "ghcr.io/octocat/app:1", "--can-pull"),
    (["quay.io/octocat/app@sha256:" + "0" * 64], "quay.io/octocat/app@sha256", "--can-pull"),
]


@pytest.mark.parametrize("args, words, hint", TYPED, ids=[" ".join(row[0]).strip() for row in TYPED])
def test_what_was_meant_is_said(login, args, words, hint):
    status = 125 if args[0] == "exec" else 2
    result = login(*args, stdin=LINE, env={"GHCR_TOKEN": TOKEN}).failed(status, words)
    assert hint in result.stderr.partition("hint: ")[2], result


@pytest.mark.parametrize("args", [["help"], ["help", "logout"], ["help", "all"], ["--help"]],
                         ids=" ".join)
def test_help_is_a_command_too(login, args):
    result = login(*args)
    assert result.status == 0 and result.stdout.startswith("usage: ghcr-login"), result


def test_version_is_a_command_too(login):
    assert login("version").stdout == login("--version").stdout


NOT_FOR_A_TOKEN = ["--can-pull", "--cert-dir", "--config", "--cacert", "--authfile", "--for-user",
                   "--allow-realm", "--timeout", "--retries", "--tls-verify", "--creds", "--bogus"]


@pytest.mark.parametrize("token", [TOKEN, FINE_GRAINED, auth(USER, TOKEN)],
                         ids=["classic", "fine-grained", "base64"])
@pytest.mark.parametrize("args", [*([option, "%s"] for option in NOT_FOR_A_TOKEN),
                                  *([option + "=%s"] for option in NOT_FOR_A_TOKEN),
                                  ["%s"], ["ghcr.io/%s"], ["logout", "%s"], ["exec", "%s"],
                                  ["ghcr.io", "%s"], ["--%s"], ["-%s"], ["--json=%s"],
                                  ["-u", "%s"], ["--username=%s"], ["--token-env", "%s"],
                                  ["-u", "GHCR_TOKEN=%s"], ["-u", "octocat/%s"],
                                  ["-u", "octocat:%s"], ["-x%s"],
                                  ["--token-file", "%s"], ["-p", "%s"], ["-p%s"]], ids=" ".join)
def test_a_token_in_the_arguments_is_never_shown(login, token, args):
    """The harness looks for it; and it has been seen by others, so that it must go."""
    login.protect(token)
    result = login(*[word.replace("%s", token) for word in args], "-v", stdin=b"")
    assert result.status in (2, 3, 125) and "revoke" in result.stderr.lower(), result


WITH_PASSWORD = "https://octocat:hunter22hunter@ghcr.io"


@pytest.mark.parametrize("args", [["%s"], ["ghcr.io", "%s"], ["logout", "%s"], ["status", "%s"],
                                  ["--can-pull", "%s"], ["exec", "%s", "--", "true"]], ids=" ".join)
@pytest.mark.parametrize("word", [WITH_PASSWORD, WITH_PASSWORD[8:], "ghcr.io/a:hunter22hunter@b"])
def test_a_password_in_a_url_is_not_shown(login, args, word):
    login.protect("hunter22hunter")
    result = login(*[each.replace("%s", word) for each in args], stdin=LINE)
    assert result.status in (2, 125) and "***@" in result.stderr, result


def test_a_password_in_the_name_of_an_entry(login):
    """As `docker login https://octocat:…@ghcr.io` would leave it."""
    login.write_config(json.dumps({"auths": {
        WITH_PASSWORD: {"auth": auth(USER, TOKEN)}, "quay.io": {"auth": auth(USER, TOKEN)}}}))
    result = login("status", "--all", "--no-verify")
    assert result.status == 0 and "octocat:***@ghcr.io" in result.stderr, result


@pytest.mark.parametrize("said", ["hunter22-hunter22", "aHVudGVyMjItaHVudGVyMjI="])
def test_a_command_that_contains_the_token(login, server, said):
    """A password without the form of a token is known once the command has printed it."""
    command = f"echo {said}" if said.startswith("hunter") else f"echo {said} | base64 -d"
    result = login("-u", USER, "--token-command", command, server.host)
    result.failed(3, "--token-command contains the token", "hint: change")
    assert said not in result.stderr and server.connections == 0


def test_a_host_in_another_case(login, server):
    result = login("-u", USER, "--password-stdin", "--plain-http", f"LocalHost:{server.port}",
                   stdin=LINE)
    assert result.status == 0 and "in lower case" in result.stderr, result
    assert login.entry(f"localhost:{server.port}") == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("path", ["owner", "owner/", "owner/app", "my_team.x/app-1", "MyOrg",
                                  "v2/_catalog", "grp/Proj", "owner//app", "?x=y", "a..b"])
def test_a_path_behind_the_host(login, server, path):
    result = login("-u", USER, "--password-stdin", "--plain-http", f"{server.host}/{path}",
                   stdin=LINE)
    assert result.status == 0 and "docker keeps one credential for all of" in result.stderr, result
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("spelling", ["{host}/", "{host}//", "{host}/v2/", "http://{host}/MyOrg"])
def test_what_follows_the_host_and_is_no_path(login, server, spelling):
    login("-u", USER, "--password-stdin", "--plain-http", spelling.format(host=server.host),
          stdin=LINE).succeeded()
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


@pytest.mark.parametrize("path", ["/MyOrg", "/grp/Proj", "//"])
@pytest.mark.parametrize("command", ["logout", "status"])
def test_a_path_behind_the_host_of_what_is_stored(login, server, command, path):
    login.to(server).succeeded()
    result = login(command, *(["--plain-http"] if command == "status" else []),
                   server.host + path)
    assert result.status == 0, result
    assert (server.host in json.loads(login.config.read_bytes())["auths"]) == (command == "status")


@pytest.mark.parametrize("command", [["login", "-u", USER], ["logout"], ["status"]],
                         ids=lambda words: words[0])
def test_a_namespace_that_podman_cannot_keep(login, server, command):
    login(*command, "--authfile", "auth.json", f"{server.host}/MyOrg", stdin=LINE).failed(
        2, f"the path after '{server.host}' is not a valid namespace", "hint:", "omit the path")
    assert server.connections == 0


def test_exec_with_a_path_behind_the_host(login, server):
    result = login("exec", "-u", USER, "--password-stdin", "--plain-http", f"{server.host}/MyOrg",
                   "--", "true", stdin=LINE)
    assert result.status == 0 and "the path after it is ignored" in result.stderr, result


@pytest.mark.parametrize("name", ["github.com", "hub.docker.com", "docker.pkg.github.com"])
def test_what_docker_stored_under_the_name_of_a_website(login, name):
    login.write_config(json.dumps({"auths": {name: {"auth": auth(USER, TOKEN)}}}))
    result = login("status", "--no-verify", name)
    assert result.status == 0 and USER in result.stdout, result
    result = login("logout", name)
    assert result.status == 0 and result.stdout.startswith("Logout Succeeded"), result
    assert json.loads(login.config.read_bytes())["auths"] == {}


def test_a_website_is_quoted_once(login):
    result = login("-u", USER, "hub.docker.com", stdin=LINE).failed(2, "is a website")
    assert result.stderr.count("hub.docker.com") == 1, result


@pytest.mark.parametrize("registry", ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app",
                                      "europe-docker.pkg.dev/project/repository"])
def test_the_address_of_a_repository(login, registry):
    result = login("-u", "AWS", "--password-stdin", "--no-verify", registry, stdin=b"hunter22\n",
                   may_store=True)
    assert result.status == 0, result
    assert login.entry(registry.split("/")[0]) == "AWS:hunter22"


@pytest.mark.parametrize("token, words, hint", [
    ("glpat-abcdefghij1234567890", "is a GitLab token", "registry.gitlab.com"),
    ("dckr_pat_abcdefghijklmnopqrstuvwxyz0", "is a Docker Hub token", "docker.io"),
    ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "is a JSON web token", "variable"),
    ("$${{ secrets.TOKEN }}", "one '$' too many", "remove the first '$'"),
    ("${{ secrets.TOKEN }}", "was not expanded", "'env:'")])
def test_what_is_no_token_of_github(login, token, words, hint):
    login("-u", USER, "--password-stdin", stdin=token.encode()).failed(3, words, "hint:", hint)


def test_a_name_that_no_variable_has(login):
    login("-u", USER, "--token-env", "1X").failed(
        3, "the value of --token-env is not a valid variable name")


def test_status_speaks_grammar(login):
    login("status").failed(3, "neither docker nor podman finds a credential for 'ghcr.io'")
