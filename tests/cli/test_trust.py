"""Certificates: whom we trust, as whom we come, and what is said of a bad one.

Nothing of it reads as a refused credential (status 4).
"""

import json
import os
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import faults
from certs import Certificate, CertificateAuthority
from conftest import needs_namespaces
from flavours import error
from harness import OTHER_TOKEN, TOKEN, USER, auth
from wire import LoopbackServer

QUICK = ["--timeout", "5", "--retries", "0"]


def unheard(server):
    """No byte of a request came through."""
    assert not server.requests and not server.received


# Which certificates are trusted.

def certs_d(login, server, place=".config/containers/certs.d"):
    directory = login.home / place / server.host
    directory.mkdir(parents=True)
    return directory


@pytest.mark.parametrize("name", ["ca.crt", "zz.crt", ".crt"])
def test_certs_d(login, bare_login, registry, ca, name):
    server = registry()
    shutil.copy(ca.pem, certs_d(login, server) / name)
    bare_login(server).succeeded()


@pytest.mark.parametrize("place", ["/etc/containers", "/etc/docker"])
def test_certs_d_of_the_machine(bare_login, registry, ca, space, place):
    server = registry()
    directory = f"{place}/certs.d/{server.host}"
    if not Path(place).is_dir():
        pytest.skip(f"there is no {place} to mount on")
    mounts = space(f"mount -t tmpfs tmpfs {place}", f"mkdir -p '{directory}'",
                   f"cp '{ca.pem}' '{directory}/ca.crt'")
    bare_login(server, through=mounts.through).succeeded()


@pytest.mark.parametrize("name", ["ca.pem", "ca.cert.txt", "ca"])
def test_only_crt_files_are_roots(login, bare_login, registry, ca, name):
    server = registry()
    shutil.copy(ca.pem, certs_d(login, server) / name)
    bare_login(server).failed(5, "certificate")
    unheard(server)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost"])
def test_certs_d_of_another_host(login, bare_login, registry, ca, host):
    server = registry()
    directory = login.home / ".config/containers/certs.d" / host
    directory.mkdir(parents=True)
    shutil.copy(ca.pem, directory / "ca.crt")
    bare_login(server).failed(5, "certificate")
    unheard(server)


def test_a_certs_d_that_is_closed_to_us(ordinary, server):
    """As podman: the registry may need nothing from there."""
    closed = certs_d(ordinary, server)
    closed.chmod(0)
    ordinary.to(server).succeeded()
    ordinary.to(server, "--cert-dir", closed).failed(5, str(closed), "permission denied")


def test_a_link_in_certs_d_that_leads_nowhere(login, bare_login, registry, ca):
    server = registry()
    directory = certs_d(login, server)
    shutil.copy(ca.pem, directory / "ca.crt")
    for name in ("a.crt", "a.cert"):
        (directory / name).symlink_to(directory / "gone")
    bare_login(server).succeeded()


def test_certs_d_of_an_ipv6_literal(login, bare_login, registry, ca):
    server = registry(certificate=ca.issue("::1"), address="::1")
    shutil.copy(ca.pem, certs_d(login, server) / "ca.crt")
    bare_login(server).succeeded()


def test_cert_dir(login, bare_login, registry, ca):
    server = registry()
    directory = login.directory / "certificates"
    directory.mkdir()
    bare_login(server, "--cert-dir", directory, *QUICK).failed(5, "certificate")
    shutil.copy(ca.pem, directory / "ca.crt")
    bare_login(server, "--cert-dir", directory).succeeded()


def test_cert_dir_in_place_of_certs_d(login, bare_login, registry, ca):
    server = registry()
    shutil.copy(ca.pem, certs_d(login, server) / "ca.crt")
    bare_login(server, "--cert-dir", login.work, *QUICK).failed(5, "certificate")
    unheard(server)


def test_cacert_alone_is_trusted(login, bare_login, registry, ca, tmp_path):
    server = registry()
    other = CertificateAuthority(tmp_path / "other-ca")
    shutil.copy(ca.pem, certs_d(login, server) / "ca.crt")
    bare_login(server, "--cacert", other.pem, *QUICK).failed(5, "certificate")
    unheard(server)


@pytest.fixture
def pipe():
    """A function that makes a pipe with `content` in it; returns the end to read, and its name."""
    ends = []

    def make(content, is_ended=True):
        ends.extend(os.pipe())
        os.write(ends[-1], content)
        if is_ended:
            os.close(ends.pop())
            return ends[-1], f"/dev/fd/{ends[-1]}"
        return ends[-2], f"/dev/fd/{ends[-2]}"

    yield make
    for end in ends:
        os.close(end)


def test_cacert_from_standard_input(login, registry, ca):
    server = registry()
    with ca.pem.open("rb") as text:
        login("-u", USER, "--token-env", "T_TOKEN", "--cacert", "/dev/stdin", server.host,
              env={"T_TOKEN": TOKEN}, stdin=text).succeeded()


def test_cacert_from_where_the_token_came(bare_login, registry, ca):
    server = registry()
    result = bare_login(server, "--cacert", "/dev/stdin")
    result.failed(5, "'/dev/stdin' contains no certificate", "--cacert")
    unheard(server)


def test_cacert_out_of_a_pipe(bare_login, registry, ca, pipe):
    """The shell's <(command) can be read once, and it is asked over several connections."""
    server = registry()
    reader, name = pipe(ca.pem.read_bytes())
    server.on("token", faults.answer(403, error("DENIED", "denied")), times=1)
    result = bare_login(server, "--cacert", name, "--wait-for-token", "1", "-q", pass_fds=[reader])
    assert result.status == 0, result
    assert server.endpoints == ["ping", "token"] + ["ping", "token", "ping2"]


def test_cacert_out_of_a_pipe_for_two_credentials(login, registry, ca, pipe):
    server = registry()
    podmans = login.home / "auth.json"
    login.write_config(json.dumps({"auths": {server.host: {"auth": auth(USER, TOKEN)}}}))
    podmans.write_text(json.dumps({"auths": {server.host: {"auth": auth(USER, OTHER_TOKEN)}}}))
    login.mounted_files.update([login.config, podmans])
    reader, name = pipe(ca.pem.read_bytes())
    result = login("status", "--cacert", name, server.host, pass_fds=[reader],
                   env={"REGISTRY_AUTH_FILE": podmans})
    assert result.status == 4 and "podman: " in result.stderr, result
    assert server.endpoints == ["ping", "token", "ping2", "ping", "token"]


def test_cacert_out_of_a_pipe_for_exec(login, registry, ca, pipe):
    server = registry()
    reader, name = pipe(ca.pem.read_bytes())
    result = login("exec", "-u", USER, "--token-env", "T_TOKEN", "--cacert", name, server.host, "--",
                   "echo", "done", env={"T_TOKEN": TOKEN, "XDG_RUNTIME_DIR": login.tmp},
                   pass_fds=[reader])
    assert (result.status, result.stdout) == (0, "done\n"), result


def test_cacert_is_waited_for_where_logout_asks(login, registry, pipe):
    server = registry()
    login.write_config(json.dumps({"auths": {server.host: {"auth": auth(USER, TOKEN)}}}))
    login.mounted_files.add(login.config)
    reader, name = pipe(b"", is_ended=False)
    login("logout", "--if-refused", "--cacert", name, "--timeout", "1", server.host,
          pass_fds=[reader]).failed(5, name, "timed out")
    unheard(server)


@pytest.mark.parametrize("command", [["logout"], ["-u", USER, "--password-stdin", "--no-verify"],
                                     ["status", "--no-verify"]], ids=" ".join)
def test_cacert_is_not_waited_for_in_vain(login, registry, pipe, command):
    server = registry()
    login.write_config(json.dumps({"auths": {server.host: {"auth": auth(USER, TOKEN)}}}))
    login.mounted_files.add(login.config)
    reader, name = pipe(b"", is_ended=False)
    result = login(*command, "--cacert", name, "--timeout", "5", server.host,
                   stdin=f"{TOKEN}\n".encode(), pass_fds=[reader], may_store=True)
    assert result.status == 0, result


@pytest.mark.parametrize("content, words", [
    (b"", ["contains no certificate", "hint: check the file given with --cacert\n"]),
    (b"no certificate\n", ["certificate"])], ids=["empty", "text"])
def test_cacert_out_of_a_pipe_without_one(bare_login, registry, pipe, content, words):
    server = registry()
    reader, name = pipe(content)
    bare_login(server, "--cacert", name, *QUICK, pass_fds=[reader]).failed(5, "--cacert", *words)
    unheard(server)


def test_cacert_out_of_a_pipe_alone_is_trusted(login, bare_login, registry, ca, pipe, tmp_path):
    server = registry()
    other = CertificateAuthority(tmp_path / "other-ca")
    shutil.copy(ca.pem, certs_d(login, server) / "ca.crt")
    reader, name = pipe(other.pem.read_bytes())
    bare_login(server, "--cacert", name, *QUICK, pass_fds=[reader]).failed(5, "certificate")
    unheard(server)


def test_cacert_out_of_a_pipe_that_does_not_end(bare_login, registry, ca, pipe):
    server = registry()
    reader, name = pipe(ca.pem.read_bytes(), is_ended=False)
    result = bare_login(server, "--cacert", name, "--timeout", "1", pass_fds=[reader])
    result.failed(5, name, "timed out")
    unheard(server)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_the_variables_of_openssl(login, bare_login, registry, ca, variable):
    server = registry()
    directory = login.directory / "roots"
    directory.mkdir()
    shutil.copy(ca.pem, directory / "ca.pem")
    subprocess.run(["openssl", "rehash", directory], check=True, timeout=30)
    value = directory if variable.endswith("DIR") else directory / "ca.pem"
    bare_login(server, env={variable: value}).succeeded()


@pytest.mark.parametrize("name", ["ca.pem", "ca.crt", "root", ".hidden", "zz.p7"])
def test_a_directory_whose_names_are_not_hashes(login, bare_login, registry, ca, name, tmp_path):
    """As Go reads it: every file of each directory in the list."""
    server = registry()
    empty, directory = login.directory / "empty", login.directory / "roots"
    for each in (empty, directory):
        each.mkdir()
    shutil.copy(ca.pem, directory / name)
    shutil.copy(CertificateAuthority(tmp_path / "other-ca").pem, directory / "a-other.pem")
    (directory / "README").write_text("-----BEGIN CERTIFICATE-----\nhello\n")
    (directory / "inner.pem").mkdir()
    (directory / "gone.pem").symlink_to(directory / "nowhere")
    os.mkfifo(directory / "pipe.pem")
    bare_login(server, env={"SSL_CERT_DIR": directory}).succeeded()
    bare_login(server, env={"SSL_CERT_DIR": f"{empty}:{directory}", "SSL_CERT_FILE": ""}).succeeded()


def test_a_directory_and_a_file(login, bare_login, registry, ca, tmp_path):
    """Both count, whichever has the root."""
    server = registry()
    directory = login.directory / "roots"
    directory.mkdir()
    shutil.copy(ca.pem, directory / "ca.pem")
    other = CertificateAuthority(tmp_path / "other-ca")
    env = {"SSL_CERT_FILE": other.pem, "SSL_CERT_DIR": directory}
    bare_login(server, env=env).succeeded()


@pytest.mark.parametrize("kind", ["missing", "a directory"])
def test_a_file_that_cannot_be_read_is_skipped(login, bare_login, registry, ca, space, tmp_path,
                                               kind):
    """As Go does: the directories are read all the same, those of the system without hashes."""
    server = registry()
    path = tmp_path / "named"
    if kind != "missing":
        path.mkdir()
    env = {"SSL_CERT_FILE": path}
    system = space("mount -t tmpfs tmpfs /etc/ssl", "mkdir /etc/ssl/certs",
                   f"cp '{ca.pem}' /etc/ssl/certs/ca-certificates.crt")
    bare_login(server, env=env, through=system.through).succeeded()
    result = bare_login(server, *QUICK, "--cacert", path, through=system.through)
    result.failed(5, f"'{path}'")
    named = login.directory / "roots"
    named.mkdir()
    other = CertificateAuthority(tmp_path / "other-ca")
    shutil.copy(other.pem, named / "ca.pem")
    result = bare_login(server, *QUICK, env={**env, "SSL_CERT_DIR": named})
    result.failed(5, server.host, f"SSL_CERT_FILE names '{path}', which cannot be read")
    shutil.copy(ca.pem, named / "ca.pem")
    bare_login(server, env={**env, "SSL_CERT_DIR": named}).succeeded()


def damaged(pem):
    lines = pem.read_text().splitlines()
    middle = len(lines) // 2
    return {
        "foreign bytes": [*lines[:middle], "%%% not base64 %%%", *lines[middle:]],
        "cut": lines[:middle] + lines[-1:],
        "without its end": lines[:-1],
        "base64 of a text": [lines[0], "aGVsbG8sIHdvcmxkIQ==", lines[-1]],
        "empty": [lines[0], lines[-1]],
        "a key's": ["-----BEGIN PRIVATE KEY-----", "AAAA", "-----END PRIVATE KEY-----"],
    }


@pytest.mark.parametrize("damage", ["foreign bytes", "cut", "without its end", "base64 of a text",
                                    "empty", "a key's"])
@pytest.mark.parametrize("order", ["before", "behind"])
def test_one_damaged_certificate_in_a_bundle(login, bare_login, registry, ca, tmp_path, damage,
                                             order):
    """The others count, as to Go."""
    server = registry()
    bad = damaged(CertificateAuthority(tmp_path / "other-ca").pem)[damage]
    good = ca.pem.read_text().splitlines()
    bundle = login.directory / "bundle.pem"
    bundle.write_text("\n".join(bad + good if order == "before" else good + bad) + "\n")
    bare_login(server, "--cacert", bundle).succeeded()
    bare_login(server, env={"SSL_CERT_FILE": bundle}).succeeded()
    shutil.copy(bundle, certs_d(login, server) / "ca.crt")
    bare_login(server).succeeded()


def test_a_bundle_of_which_nothing_is_whole(login, bare_login, registry, ca):
    server = registry()
    bundle = login.directory / "bundle.pem"
    bundle.write_text("\n".join(damaged(ca.pem)["cut"]) + "\n")
    bare_login(server, "--cacert", bundle, *QUICK).failed(5, "CA certificates cannot be read",
                                                          str(bundle), "--cacert")
    unheard(server)


@pytest.mark.parametrize("option", ["--cacert", "--cert-dir"])
def test_trust_that_is_not_there(login, bare_login, registry, option):
    server = registry()
    missing = login.directory / "missing"
    result = bare_login(server, option, missing, *QUICK)
    assert result.status in (2, 5) and result.stdout == "", result
    assert str(missing) in result.stderr or "--cacert" in result.stderr, result
    unheard(server)


def test_a_root_that_is_no_certificate(login, bare_login, registry):
    server = registry()
    (certs_d(login, server) / "ca.crt").write_text("not a certificate\n")
    bare_login(server, *QUICK).failed(5, "certificate")
    unheard(server)


# Client certificates: the registry wants to know who asks.

@pytest.fixture
def mutual(login, registry, ca):
    """A registry that wants a client certificate, and its directory, with the CA's."""
    server = registry(client_ca=ca.pem)
    directory = certs_d(login, server)
    shutil.copy(ca.pem, directory / "ca.crt")
    return server, directory


@pytest.mark.parametrize("more", [[], ["--cacert"]], ids=["certs.d alone", "and --cacert"])
def test_a_client_certificate(bare_login, mutual, ca, more):
    server, directory = mutual
    client = ca.issue("ci-runner", client=True)
    shutil.copy(client.cert, directory / "client.cert")
    shutil.copy(client.key, directory / "client.key")
    bare_login(server, *more, *([ca.pem] if more else [])).succeeded()
    assert (server.connections, server.handshakes) == (1, 1)


def test_a_client_certificate_in_cert_dir(login, bare_login, registry, ca):
    server = registry(client_ca=ca.pem)
    client = ca.issue("ci-runner", client=True)
    directory = login.directory / "certificates"
    directory.mkdir()
    for source, name in ((ca.pem, "a.crt"), (client.cert, "b.cert"), (client.key, "b.key")):
        shutil.copy(source, directory / name)
    bare_login(server, "--cert-dir", directory).succeeded()


def test_no_client_certificate(bare_login, mutual):
    server, _ = mutual
    result = bare_login(server, "--timeout", "20").failed(5, server.host, "certificate")
    assert result.took_less_than(2) and server.connections == 1, "waiting mends nothing here"
    unheard(server)


HANG_UPS = {"closes": faults.close(), "resets": faults.reset()}


@pytest.mark.parametrize("fault", HANG_UPS.values(), ids=HANG_UPS)
def test_a_server_that_hangs_up_without_a_word(login, registry, fault):
    """It may have wanted a client certificate; where there was one, it did not."""
    server = registry()
    server.on("ping", fault)
    login.to(server, *QUICK).failed(5, server.host, "hint:", "client certificate",
                                    f"certs.d/{server.host}", "--cert-dir")


@pytest.mark.parametrize("fault", HANG_UPS.values(), ids=HANG_UPS)
def test_a_server_that_hangs_up_later(login, registry, fault):
    """Who has answered us wants no certificate."""
    server = registry()
    server.on("token", fault)
    assert "certificate" not in login.to(server, *QUICK).failed(5, server.host).stderr


@pytest.mark.parametrize("fault", HANG_UPS.values(), ids=HANG_UPS)
def test_a_server_that_hangs_up_on_a_client_certificate(bare_login, mutual, ca, fault):
    server, directory = mutual
    client = ca.issue("ci-runner", client=True)
    shutil.copy(client.cert, directory / "client.cert")
    shutil.copy(client.key, directory / "client.key")
    server.on("ping", fault)
    assert "certificate" not in bare_login(server, *QUICK).failed(5, server.host).stderr


def alarmed(login, alert):
    """Of a login at a server that answers the handshake with this."""
    def serve(client):
        client.recv(4096)
        client.sendall(bytes([21, 3, 3, 0, 2, 2, alert]))
    server = LoopbackServer(serve)
    server.host = f"127.0.0.1:{server.port}"
    try:
        return login(server, "--timeout", "20")
    finally:
        server.stop()


ALERTS = {      # TLS alert descriptions, RFC 8446 section 6
    40: "client certificate (--cert-dir)",
    70: "have no TLS version in common",
    112: "does not know this host name",
}


@pytest.mark.parametrize("alert, hint", ALERTS.items())
def test_an_alert_in_the_handshake(bare_login, alert, hint):
    result = alarmed(bare_login, alert).failed(5, "TLS handshake failed", "hint:", hint)
    assert "--plain-http" not in result.stderr and result.took_less_than(2)


def test_an_alert_that_a_certificate_has_expired(bare_login):
    """Until TLS 1.3 it comes in the handshake, and libcurl speaks as of the server's certificate."""
    result = alarmed(bare_login, 45).failed(5, "does not accept the client certificate",
                                             "hint: put NAME.cert and NAME.key into certs.d/")
    assert "the server's certificate" not in result.stderr


def test_a_client_certificate_without_its_key(bare_login, mutual, ca):
    server, directory = mutual
    shutil.copy(ca.issue("ci-runner", client=True).cert, directory / "client.cert")
    bare_login(server, *QUICK).failed(5, "client.cert", "client.key")
    assert server.connections == 0


@pytest.mark.parametrize("wrong", ["key of another", "no key", "no certificate"])
def test_a_client_certificate_that_cannot_be_used(bare_login, mutual, ca, wrong):
    server, directory = mutual
    client, other = ca.issue("ci-runner", client=True), ca.issue("other", client=True)
    shutil.copy(client.cert, directory / "client.cert")
    shutil.copy(other.key, directory / "client.key")
    if wrong == "no key":
        (directory / "client.key").write_text("no key\n")
    if wrong == "no certificate":
        (directory / "client.cert").write_text("no certificate\n")
    bare_login(server, *QUICK).failed(5, "client certificate",
                                       "hint: check the *.cert and *.key files for this registry")
    unheard(server)


def test_a_client_certificate_of_somebody_else(bare_login, mutual, tmp_path):
    server, directory = mutual
    client = CertificateAuthority(tmp_path / "other-ca").issue("ci-runner", client=True)
    shutil.copy(client.cert, directory / "client.cert")
    shutil.copy(client.key, directory / "client.key")
    result = bare_login(server, "--timeout", "20").failed(5, server.host)
    assert result.took_less_than(2) and server.connections == 1
    unheard(server)


# The registry's certificate.

TOMORROW = datetime.now(timezone.utc) + timedelta(days=1)
CERTIFICATES = {
    "expired": ({"expired": True}, ["expired", "clock"]),
    "not yet valid": ({"not_before": TOMORROW}, ["not yet valid", "clock"]),
    "for another name": ({"names": ["registry.example"]}, ["another name"]),
    "for another address": ({"names": ["127.0.0.2"]}, ["another name"]),
    "a client's": ({"client": True}, ["certificate"]),
}


@pytest.mark.parametrize("options, words", CERTIFICATES.values(), ids=CERTIFICATES)
def test_a_certificate_that_is_not_good(login, registry, ca, options, words):
    options = dict(options)
    server = registry(certificate=ca.issue(*options.pop("names", ["127.0.0.1"]), **options))
    result = login.to(server, "--timeout", "20")
    result.failed(5, server.host, "certificate", "hint:", *words)
    assert result.took_less_than(2), "waiting mends nothing here"
    unheard(server)


def test_a_certificate_that_signed_itself(bare_login, registry, tmp_path):
    own = CertificateAuthority(tmp_path / "own", name="127.0.0.1")
    server = registry(certificate=Certificate(own.pem, own.key))
    bare_login(server, *QUICK).failed(5, server.host, "certificate", "self", "hint:", "--cacert")
    unheard(server)


def test_an_unknown_authority(bare_login, registry):
    server = registry()
    result = bare_login(server, "--timeout", "20").failed(5, "certificate", "hint:", "--cacert")
    assert result.took_less_than(2)
    unheard(server)


# No check at all, which is asked for by name and warned of each time.

WARNING = ("warning: the certificate of '{}' is not verified (--insecure): an attacker in between "
           "can read the token and forge the answer\n")


def insecure(bare_login, server, *args, **how):
    result = bare_login(server, "--insecure", *args, **how)
    assert result.stderr.startswith(WARNING.format(server.host)), result
    return result


UNCHECKED = {name: options for name, (options, _) in CERTIFICATES.items()}


@pytest.mark.parametrize("options", [*UNCHECKED.values(), {}],
                         ids=[*UNCHECKED, "of an unknown authority"])
def test_no_certificate_is_checked(login, bare_login, registry, ca, options):
    options = dict(options)
    server = registry(certificate=ca.issue(*options.pop("names", ["127.0.0.1"]), **options))
    result = insecure(bare_login, server)
    assert result.status == 0 and result.stdout.startswith("Login Succeeded"), result
    assert result.stderr.count("\n") == 1 and server.connections == 1
    assert login.entry(server.host) == f"{USER}:{TOKEN}"


def test_unchecked_is_still_proved(login, bare_login, registry):
    result = insecure(bare_login, registry(), stdin=OTHER_TOKEN.encode())
    assert result.status == 4 and "refused the credential" in result.stderr, result
    assert not login.config.exists()


def test_unchecked_in_json(bare_login, registry):
    server = registry()
    result = insecure(bare_login, server, "--json")
    assert result.json["verified"] and "is not verified" in result.json["warnings"][0], result


def test_unchecked_but_known_ourselves(login, bare_login, registry, ca):
    server = registry(client_ca=ca.pem)
    directory = certs_d(login, server)
    client = ca.issue("ci-runner", client=True)
    shutil.copy(client.cert, directory / "client.cert")
    shutil.copy(client.key, directory / "client.key")
    assert insecure(bare_login, server).status == 0
    assert server.handshakes == 1


def test_unchecked_by_status(login, bare_login, registry):
    server = registry()
    insecure(bare_login, server)
    result = login("status", "--insecure", server.host)
    assert result.status == 0 and result.stderr == WARNING.format(server.host), result
    result = login("status", server.host, *QUICK)
    assert result.status == 5 and "certificate does not verify" in result.stderr, result


def test_unchecked_says_nothing_of_other_hosts(bare_login, registry):
    """Where the token may go, and that it goes there by TLS, is as ever."""
    server, other = registry(), registry()
    for realm in (f"https://{other.at('other.localhost')}/token", "http://registry.example/token"):
        server.realm = realm
        result = insecure(bare_login, server, "--allow-realm", "registry.example")
        assert result.status == 6 and "nothing was sent" in result.stderr, result
    assert not other.received and b"uthorization" not in server.received


@pytest.mark.parametrize("other", [["--cacert", "ca.pem"], ["--plain-http"]])
def test_unchecked_contradicts(bare_login, registry, other):
    server = registry()
    bare_login(server, "--insecure", *other).failed(2, "--insecure", other[0])
    assert server.connections == 0


def test_checks_are_on_unless_asked_for(bare_login, registry, ca):
    bare_login(registry(certificate=ca.issue("registry.example")), *QUICK).failed(5, "certificate")


# Where the trust comes from is named.

@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("kind", ["missing", "another's"])
def test_the_variable_behind_the_trust_is_named(login, registry, bare_login, variable, kind):
    path = login.work / "roots"
    if kind != "missing" and variable == "SSL_CERT_DIR":
        path.mkdir()
    elif kind != "missing":
        path.write_text("nothing that is a certificate\n")
    server = registry()
    env = {variable: path}
    if variable == "SSL_CERT_DIR":
        env["SSL_CERT_FILE"] = ""
    bare_login(server, env=env).failed(5, server.host, "hint:", variable, f"'{path}'")


def test_a_host_without_any_ca_certificates(login, bare_login, registry, space):
    """A static program in an empty container, or a host that never installed them."""
    server = registry()
    mounts = space("mount -t tmpfs tmpfs /etc/ssl")
    result = bare_login(server, *QUICK, through=mounts.through)
    result.failed(5, "hint: this host has no CA certificates: install ca-certificates")
    unheard(server)


def test_the_issuer_is_named(bare_login, registry, tmp_path):
    """Of whoever opens TLS on the way: it is asked for, and told nothing."""
    box = CertificateAuthority(tmp_path / "box", name="Inspection CA of Example Corp")
    server = registry(certificate=box.issue("127.0.0.1"))
    result = bare_login(server, *QUICK)
    result.failed(5, "issued by CN = Inspection CA of Example Corp", "a proxy that inspects TLS")
    unheard(server)


def test_the_issuer_does_not_matter_to_another_fault(login, registry, ca):
    server = registry(certificate=ca.issue("127.0.0.1", expired=True))
    assert "issued by" not in login.to(server, *QUICK).failed(5, "expired").stderr


def test_an_issuer_that_looks_like_a_command(bare_login, registry, tmp_path):
    box = CertificateAuthority(tmp_path / "box", name="::error::a\\x1b[31m" + "x" * 30)
    server = registry(certificate=box.issue("127.0.0.1"))
    result = bare_login(server, *QUICK).failed(5, "issued by")
    assert "\x1b" not in result.stderr and "\n::error" not in result.stderr


def test_a_server_that_is_not_there_the_second_time(bare_login, registry):
    """The issuer is not worth a failure, nor a wait."""
    server = registry()
    server.on("tls", faults.close())
    result = bare_login(server, "--timeout", "2", "--retries", "0")
    assert result.status == 5 and result.took_less_than(4), result


def test_a_file_given_that_lacks_the_authority(bare_login, registry, tmp_path):
    other = CertificateAuthority(tmp_path / "other-ca")
    bare_login(registry(), "--cacert", other.pem, *QUICK).failed(
        5, "hint: the file given with --cacert does not contain this certificate's CA, and no other "
        "CA is trusted")


# A host with IPv6 alone.

IPV6_ONLY = ["ip link set lo up", "ip -6 route add default dev lo"]


def test_a_host_with_ipv6_alone(login):
    """ghcr.io has no IPv6 address."""
    needs_namespaces()
    through = ["unshare", "--net", "sh", "-c", " && ".join(IPV6_ONLY) + ' && exec "$@"', "sh"]
    for host in ("192.0.2.1", "registry.example:8443"):
        result = login("-u", USER, "--password-stdin", *QUICK, host,
                       stdin=f"{TOKEN}\n".encode(), through=through)
        result.failed(5, "hint: this host has only IPv6", "ghcr.io has none", "NAT64")


def test_a_host_without_any_network(login):
    needs_namespaces()
    result = login("-u", USER, "--password-stdin", *QUICK, "192.0.2.1",
                   stdin=f"{TOKEN}\n".encode(), through=["unshare", "--net"])
    assert "IPv6" not in result.failed(5, "cannot connect", "hint:").stderr
