"""Writes a one-file container image as an OCI layout, with no base image and no network."""

import gzip
import hashlib
import io
import json
import tarfile


class Layout:
    """A directory that skopeo can read as oci:DIRECTORY:TAG."""

    def __init__(self, directory):
        self.directory = directory
        self._blobs = directory / "blobs" / "sha256"
        self._blobs.mkdir(parents=True)
        (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def write_image(self, tag, name, content):
        """Add an image whose only file is /`name`; return its image ID (the config's digest)."""
        tar = _tar(name, content)
        layer = self._blob("application/vnd.oci.image.layer.v1.tar+gzip",
                           gzip.compress(tar, mtime=0))
        config = self._json("application/vnd.oci.image.config.v1+json", {
            "architecture": "amd64", "os": "linux", "config": {"Cmd": [f"/{name}"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar)]}})
        manifest = self._json("application/vnd.oci.image.manifest.v1+json", {
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config, "layers": [layer]})
        manifest["annotations"] = {"org.opencontainers.image.ref.name": tag}
        index = {"schemaVersion": 2, "manifests": [manifest]}
        (self.directory / "index.json").write_text(json.dumps(index))
        return config["digest"]

    def _json(self, media_type, content):
        return self._blob(media_type, json.dumps(content).encode())

    def _blob(self, media_type, data):
        digest = _digest(data)
        (self._blobs / digest.partition(":")[2]).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _tar(name, content):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
