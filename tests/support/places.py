"""Where a run may store something, from its arguments and its environment."""

from pathlib import Path


def auth_files(args, env, home, work):
    """Every file that this run may write: what Docker's and Podman's rules could lead to."""
    homes = Path(env.get("HOME") or home)
    files = [homes / ".docker/config.json", homes / ".config/containers/auth.json"]
    for name, below in (("DOCKER_CONFIG", "config.json"), ("REGISTRY_AUTH_FILE", ""),
                        ("XDG_RUNTIME_DIR", "containers/auth.json"),
                        ("XDG_CONFIG_HOME", "containers/auth.json")):
        if env.get(name):
            files.append(work / env[name] / below)
    for option, below in (("--config", "config.json"), ("--authfile", "")):
        if option in args[:-1]:
            files.append(work / args[args.index(option) + 1] / below)
    return {path for given in files for path in (given, real(given))}


def real(path):
    """`path` with its links followed, or as it is where they lead in a circle."""
    try:
        return path.resolve()
    except RuntimeError:
        return path
