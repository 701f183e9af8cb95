"""Many logins into one file while all that can go wrong does."""

from soak import soak

LOGINS, SEED = 400, 1


def test_after_many_troubled_logins_the_file_holds_the_last_success_of_each(binary, tmp_path):
    """10,000 are made by tests/support/soak.py BINARY."""
    figures = soak(binary, tmp_path, LOGINS, SEED)
    assert figures["logins"] == LOGINS + 1, figures
    assert figures["ended with"][0] > 0 and figures["ended with"][-9] > 0, figures
    assert figures["descriptors more than before"] == 0, figures
