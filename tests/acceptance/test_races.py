"""Many at once into one file: ours among themselves, and among docker and podman."""

import base64
import threading
import time

import pytest

from race import EARLIER, TOKEN, Helper, Race, show, survivors

MANY = 200


@pytest.fixture
def race(binary, tmp_path):
    with Race(tmp_path, binary, MANY) as made:
        made.file.write_text(EARLIER)
        yield made


@pytest.fixture
def always_whole(race):
    """Somebody reads the file all the time, and finds a whole document each time."""
    watching = Helper("watch", race.file)
    yield
    seen = watching.stop()
    assert seen["bad"] == [] and seen["reads"] > 100, seen


def entry(auth):
    return base64.b64decode(auth["auth"]).decode()


def left_beside(race):
    return sorted(path.name for path in race.file.parent.iterdir() if "config.json" in path.name)


def test_many_registries(race, always_whole):
    race.hold(MANY)
    began = time.monotonic()
    assert race.run([race.command("ghcr-login", host) for host in race.hosts]) == []
    assert time.monotonic() - began < 30
    auths = race.auths()
    assert auths.keys() == {"earlier.example", *race.hosts}
    assert {entry(auths[host]) for host in race.hosts} == {f"octocat:{TOKEN}"}
    assert left_beside(race) == ["config.json"]


def test_many_for_one_registry(race, always_whole):
    users = [f"user-{number}" for number in range(MANY)]
    race.hold(MANY)
    assert race.run([race.command("ghcr-login", race.hosts[0], user) for user in users]) == []
    auths = race.auths()
    assert auths.keys() == {"earlier.example", race.hosts[0]}
    assert entry(auths[race.hosts[0]]) in {f"{user}:{TOKEN}" for user in users}


@pytest.mark.parametrize("pause", [0.05, 0.01])
def test_what_a_peer_wrote_is_not_lost_through_us(race, always_whole, pause):
    """It knows no lock and reads and replaces again and again, but waits for nobody else."""
    peer = Helper("rewrite", race.file, "peer", pause)
    failed = race.run([race.command("ghcr-login", host) for host in race.hosts])
    added = peer.stop()
    assert failed == []
    assert len(added) > 20
    auths = race.auths()
    assert [name for name in added if name not in auths] == []
    assert "earlier.example" in auths


def test_docker_and_podman_among_ours(race, always_whole):
    """They take turns, so that none of theirs is lost but through us; ours do not wait for them.

    One of ours can be lost only to a peer that had read the file before and wrote it after, and
    so was running when ours was.
    """
    peers, ours = race.hosts[:40], race.hosts[40:140]
    spans = {}

    def log_in(tool, host):
        began = time.monotonic()
        assert race.run([race.command(tool, host)]) == []
        spans[host] = (began, time.monotonic())

    def log_in_ours(hosts):
        for host in hosts:
            log_in("ghcr-login", host)

    threads = [threading.Thread(target=log_in_ours, args=(ours[each::4],)) for each in range(4)]
    for thread in threads:
        thread.start()
    for number, host in enumerate(peers):
        log_in("docker" if number % 2 else "podman", host)
        time.sleep(0.05)
    for thread in threads:
        thread.join()

    auths = race.auths()
    assert [host for host in peers if host not in auths] == []
    lost = [host for host in ours if host not in auths]
    unexplained = [host for host in lost if not any(
        spans[peer][0] < spans[host][1] and spans[host][0] < spans[peer][1] for peer in peers)]
    assert unexplained == []
    # What a peer writes over is what came between its reading and its writing: seldom one.
    assert len(lost) <= len(peers)


def test_many_of_all_kinds_at_once(race, always_whole):
    """Docker and podman lose each other's entries and ours; what is there is whole."""
    tools = ["ghcr-login", "docker", "ghcr-login", "podman"]
    hosts = race.hosts
    failed = race.run([race.command(tools[number % 4], host) for number, host in enumerate(hosts)])
    assert failed == []
    auths = race.auths()
    # Whoever wrote last had read the first entry, and has its own in there.
    assert {"earlier.example"} < auths.keys() <= {"earlier.example", *hosts}
    assert {entry(auths[host]) for host in auths.keys() & set(hosts)} == {f"octocat:{TOKEN}"}
    # When the peers are done, ours are there to stay.
    ours = hosts[::2]
    assert race.run([race.command("ghcr-login", host) for host in ours]) == []
    assert race.auths().keys() == {*auths, *ours}


def test_survivors(binary, tmp_path, capsys):
    table = survivors(tmp_path, binary)
    with capsys.disabled():
        print("\n" + show(table))
    assert table["ghcr-login"] == [16] * 5
