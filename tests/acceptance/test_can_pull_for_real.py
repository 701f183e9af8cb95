"""--can-pull against a real registry: its verdict is the engine's own."""

import json

import pytest

from harness import USER
from person import SKOPEO

ASK = "echo $GHCR_TOKEN | ghcr-login -u $USER --json --can-pull {image}"


def may_pull(person, token, image):
    """Ask; return the exit status and what is said of the one image."""
    done = person.run_login(token, ASK.format(image=image))
    found = json.loads(done.stdout)
    assert [each["image"] for each in found["images"]] == [image]
    return done, found


def test_an_image_that_may_be_pulled(person):
    token = person.stack.new_token()
    done, found = may_pull(person, token, person.stack.ghcr.image)
    assert (done.returncode, done.stderr) == (0, "")
    assert found["images"][0]["pull"] is True and found["verified"] is True
    assert person.login.entry("ghcr.io") == f"{USER}:{token}"
    assert SKOPEO.pulls(person, person.stack.ghcr.image, person.config)[0]


def test_by_its_digest(person):
    image = person.stack.ghcr.image
    token = person.stack.new_token()
    person.log_in(token)
    done = person.sh(f"skopeo inspect --authfile {person.config} --format '{{{{.Digest}}}}' "
                     f"docker://{image}")
    assert done.returncode == 0, done.stderr
    done, found = may_pull(person, token, f"{image}@{done.stdout.strip()}")
    assert done.returncode == 0 and found["images"][0]["pull"] is True


def refused(person, token, image, status, word):
    done, found = may_pull(person, token, image)
    assert done.returncode == status, done.stderr
    assert found["images"][0]["pull"] is False
    assert word in done.stderr and "hint:" in done.stderr
    assert not person.config.exists()
    return found


def test_somebody_without_the_right(person):
    token = person.stack.new_token("push")
    found = refused(person, token, person.stack.ghcr.image, 7, "may not pull")
    assert found["verified"] is True and found["error"]["class"] == "forbidden"


@pytest.mark.parametrize("version", [":none", "@sha256:" + "0" * 64], ids=["tag", "digest"])
def test_a_version_that_is_not_there(person, version):
    image = person.stack.ghcr.image.rpartition(":")[0] + version
    refused(person, person.stack.new_token(), image, 7, "manifest unknown")


def test_a_package_that_is_not_there(person):
    """The token is good, but gives no right to it: what is hidden and what is absent look alike."""
    found = refused(person, person.stack.new_token(), "ghcr.io/octo-org/none:1", 7,
                    "credential is good")
    assert "does not exist" in found["error"]["hint"] and "access" in found["error"]["hint"]


def test_a_token_that_is_none(person):
    found = refused(person, person.stack.unknown_token(), person.stack.ghcr.image, 4,
                    "refused the credential")
    assert found["verified"] is False


def test_a_token_that_was_revoked(person):
    token = person.stack.new_token()
    done, _ = may_pull(person, token, person.stack.ghcr.image)
    assert done.returncode == 0
    before = person.config.read_bytes()
    person.stack.revoke(token)
    done, _ = may_pull(person, token, person.stack.ghcr.image)
    assert done.returncode == 4 and person.config.read_bytes() == before
