"""What a login costs where the file has many entries: a part of bench.py.

Each login stores one more entry into a file of docker's layout with N others. What 10,000 of them add
to the cost of 10 is the growth.
"""

import shlex

SIZES = (10, 1_000, 10_000)
ENTRY = '\t\t"registry-{}.example.com": {{\n\t\t\t"auth": "dXNlcjpwYXNzd29yZA=="\n\t\t}}'


def document(entries):
    return '{\n\t"auths": {\n' + ",\n".join(map(ENTRY.format, range(entries))) + "\n\t}\n}"


def measure(bench, peers):
    """Put {size: {"wall": s, "cpu": s}} into `cost["growth"]` of each of `peers`."""
    series = []
    for size in SIZES:
        full = bench.registry.directory / f"entries-{size}.json"
        full.write_text(document(size))
        for peer in peers:
            config = bench.home(peer) / ".docker" / "config.json"
            prepare = f"cp {shlex.quote(str(full))} {shlex.quote(str(config))}"
            series.append((peer, size, prepare))
    timed = bench.time([(peer, prepare) for peer, _, prepare in series])
    for (peer, size, _), cost in zip(series, timed):
        peer.cost.setdefault("growth", {})[size] = cost


def added(peer, key):
    """What the largest file costs more than the smallest, in seconds."""
    growth = peer.cost["growth"]
    return growth[SIZES[-1]][key] - growth[SIZES[0]][key]


def rows(peers):
    """What is measured, a row for each size, and what the entries add."""
    yield ["entries in the file: wall, CPU, ms", *(peer.name for peer in peers)]
    for size in SIZES:
        yield [f"  {size:,}", *(shown(peer.cost["growth"][size]) for peer in peers)]
    yield ["  what 10,000 add", *(shown({key: added(peer, key) for key in ("wall", "cpu")})
                                  for peer in peers)]


def shown(cost):
    return f"{cost['wall'] * 1000:.1f}  {cost['cpu'] * 1000:4.1f}"
