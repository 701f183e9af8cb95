"""The configuration of the real parts that stack.py runs: text in, files out, nothing started."""

import json

from token_server import ISSUER

TOKEN_PORT = 5000

NGINX = """\
worker_processes 1;
daemon off;
user root;
pid {directory}/nginx.pid;
events {{}}
http {{
    log_format traffic '$connection $status $request_method $request_uri';
    access_log {directory}/logs/traffic.log traffic;
    client_body_temp_path {directory}/nginx;
    proxy_temp_path {directory}/nginx;
    fastcgi_temp_path {directory}/nginx;
    uwsgi_temp_path {directory}/nginx;
    scgi_temp_path {directory}/nginx;
{http}
}}
"""

NGINX_PROXY = """\
    client_max_body_size 0;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto https;
    map $upstream_http_www_authenticate $challenge_with_placeholder {
        ""      "";
        default '$upstream_http_www_authenticate,scope="repository:user/image:pull"';
    }
"""

NGINX_SERVER = """\
    server {{
        listen {address}:{registry.port} ssl http2;
        server_name {registry.host};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {certificate.cert};
        ssl_certificate_key {certificate.key};
        location /v2/ {{ proxy_pass http://127.0.0.1:{registry.backend}; }}
        location = /token {{ proxy_pass http://127.0.0.1:{token_port}; }}
{more}
    }}
"""

# GHCR's challenge on /v2/ names this repository, which does not exist.
NGINX_PLACEHOLDER = """\
        location = /v2/ {{
            proxy_pass http://127.0.0.1:{registry.backend};
            proxy_hide_header WWW-Authenticate;
            add_header WWW-Authenticate $challenge_with_placeholder always;
        }}
"""


# GitHub's REST API, as far as --expires-within asks it: token_server.py answers.
NGINX_API = """\
    server {{
        listen {address}:443 ssl http2;
        server_name api.github.com;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {certificate.cert};
        ssl_certificate_key {certificate.key};
        location = /user {{ proxy_pass http://127.0.0.1:{token_port}; }}
    }}
"""


def write_nginx(directory, http):
    """Write nginx.conf, with this in its section `http`."""
    (directory / "nginx").mkdir()
    path = directory / "nginx.conf"
    path.write_text(NGINX.format(directory=directory, http=http))
    return path


def write_proxy(directory, address, registries, certificates, api):
    """Write nginx.conf: TLS for each of `registries`, its API and /token at one address.

    `api` is the certificate of GitHub's API, which stands there too.
    """
    http = NGINX_PROXY
    for registry in registries:
        more = NGINX_PLACEHOLDER.format(registry=registry) if registry.host == "ghcr.io" else ""
        http += NGINX_SERVER.format(address=address, registry=registry, more=more,
                                    certificate=certificates[registry], token_port=TOKEN_PORT)
    http += NGINX_API.format(address=address, certificate=api, token_port=TOKEN_PORT)
    return write_nginx(directory, http)


def write_registry(directory, registry):
    """Write docker-registry's configuration for one name; all names share one storage."""
    path = directory / f"{registry.host}.yml"
    # JSON is YAML.
    path.write_text(json.dumps({
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "registry")}},
        "http": {"addr": f"127.0.0.1:{registry.backend}", "secret": "throwaway"},
        "auth": {"token": {
            "realm": f"https://{registry.name}/token", "service": registry.host,
            "issuer": ISSUER, "rootcertbundle": str(directory / "cert.pem")}}}))
    return path


def dockerd(directory):
    """Return dockerd's command line. It listens at its usual place, the sandbox's /run."""
    # The host's daemon.json might contradict these options.
    configuration = directory / "daemon.json"
    configuration.write_text("{}")
    return ["dockerd", f"--config-file={configuration}", f"--data-root={directory / 'dockerd'}",
            "--log-level=warn", "--storage-driver=vfs", "--bridge=none", "--iptables=false",
            "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]


def write_podman(directory):
    """Keep podman's images off the host; return the environment that makes it so."""
    storage, engine = directory / "storage.conf", directory / "containers.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{directory / "podman"}"\n'
                       'runroot = "/run/containers/storage"\n')
    engine.write_text('[engine]\nevents_logger = "none"\ncgroup_manager = "cgroupfs"\n')
    return {"CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_CONF": str(engine)}
