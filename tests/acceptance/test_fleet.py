"""A whole fleet logs in at one moment, at a registry that can bear only a part of it.

The full run, 1,000 clients at 50 requests a second, is `python3 tests/support/fleet.py PROGRAM`.
"""

from fleet import fly

CLIENTS, RATE = 200, 60         # three requests to a login: 10 s, were nothing ever refused


def test_a_fleet_gets_in_without_waves(binary):
    flight = fly(binary, CLIENTS, RATE)
    print(flight.histogram(), flight.summary(), sep="\n")   # seen when it fails, or with -s

    assert flight.failures == []
    assert len(flight.finished) == CLIENTS
    # Nobody but second 0, in which all are there by design, holds more than a small part; those
    # who wait without jitter come back all together, and nobody between.
    shares = [flight.share(second) for second in range(1, len(flight.seconds))]
    assert max(shares) < 0.25
    assert all(times < 2 for _, times in flight.waves())
    # The limit is made use of while most still wait, and nobody is kept for long. (A machine that is
    # busy with other tests leaves some of it unused, too.)
    assert sum(allowed for allowed, _ in flight.seconds[:5]) > 5 * RATE * 0.6
    # A refused request is one too many, but each client makes few of them.
    assert flight.requests < CLIENTS * 15
