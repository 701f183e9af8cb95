"""A credential helper that a test plays: docker-credential-NAME, a script with a store of its own.

    helper = Helper(login)
    login.write_config(f'{{"credsStore":"{helper.name}"}}')
    login.to(server, env=helper.environment)
    helper.stored       # {"ghcr.io": ("octocat", "token")}
    helper.calls        # ["get ghcr.io", "store ghcr.io", "get ghcr.io"]
"""

import json

SCRIPT = """\
#!/usr/bin/python3
import json, os, sys, time
action, request = sys.argv[1], sys.stdin.read()
log, store, fault = {files!r}
server = json.loads(request)["ServerURL"] if action == "store" else request
with open(log, "a") as out:
    out.write(f"{{action}} {{server}} as {{os.geteuid()}}\\n")
with open(fault) as file:
    faults = json.load(file)
how = faults.get(action)
if action != "list" and faults.get("only", server) != server:
    print("program failed")
    sys.exit(1)
if how == "hang":
    time.sleep(600)
if how == "refuse":
    print(f"the vault is locked {{request}}")
    sys.exit(1)
if how == "garble":
    print("{{")
    sys.exit()
with open(store) as file:
    known = json.load(file)
if action == "list":
    print(json.dumps({{server: user for server, (user, _) in known.items()}}))
    sys.exit()
if action == "get" and server not in known and how == "empty":
    print("{{}}")
    sys.exit()
if action == "get" and server not in known:
    print("credentials not found in native keychain")
    sys.exit(1)
if action == "get":
    user, token = known[server]
    print(json.dumps({{"ServerURL": server, "Username": user, "Secret": token}}))
    sys.exit()
if action == "store":
    given = json.loads(request)
    known[server] = (given["Username"], given["Secret"])
if action == "erase":
    known.pop(server, None)
if how != "forget":
    with open(store, "w") as file:
        json.dump(known, file)
"""


class Helper:
    """Made in the test's directory; only its store may hold the token."""

    def __init__(self, login, name="fake", stored=None):
        self.name = name
        self.directory = login.directory / "helpers"
        self.directory.mkdir(exist_ok=True)
        self.directory.chmod(0o755)
        self._log = self.directory / f"{name}.log"
        self._faults = self.directory / f"{name}.faults"
        self._store = login.secret_file(b"{}", name=f"helpers/{name}.json")
        for path, text in ((self._log, ""), (self._faults, "{}"),
                           (self._store, json.dumps(stored or {}))):
            path.write_text(text)
        program = self.directory / f"docker-credential-{name}"
        program.write_text(SCRIPT.format(files=(str(self._log), str(self._store),
                                                str(self._faults))))
        program.chmod(0o755)
        self.environment = {"PATH": f"{self.directory}:/usr/bin:/bin"}

    def spoil(self, **faults):
        """What becomes of an action: "hang", "refuse", "garble", "forget", of a get that finds
        nothing: "empty"; and with only=SERVER, of what is said of any other server.
        """
        self._faults.write_text(json.dumps(faults))

    def put(self, stored):
        """What it has from elsewhere: {server: (user, token)}."""
        self._store.write_text(json.dumps(stored))

    @property
    def stored(self):
        return {key: tuple(value) for key, value in json.loads(self._store.read_text()).items()}

    @property
    def calls(self):
        return [line.split(" as ")[0] for line in self._log.read_text().splitlines()]

    @property
    def users(self):
        """The user ids that it ran as."""
        return {int(line.split(" as ")[1]) for line in self._log.read_text().splitlines()}
