#!/usr/bin/env python3
"""Writes filter.wasm as an OCI image layout with one layer, without a container engine: layout.py filter.wasm out.tar

The same input gives the same bytes. Push it with `skopeo copy oci-archive:out.tar docker://...` or `crane push`.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile

MEDIA = "application/vnd.oci.image."


def tar(files):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as out:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            out.addfile(entry, io.BytesIO(data))
    return archive.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def described(kind, data):
    return {"mediaType": MEDIA + kind, "digest": digest(data), "size": len(data)}


def layout(wasm):
    content = tar([("plugin.wasm", wasm)])
    layer = gzip.compress(content, mtime=0)
    config = json.dumps({
        "architecture": "wasm",
        "os": "wasip1",
        "rootfs": {"type": "layers", "diff_ids": [digest(content)]},
    }).encode()
    manifest = json.dumps({
        "schemaVersion": 2,
        "mediaType": MEDIA + "manifest.v1+json",
        "config": described("config.v1+json", config),
        "layers": [described("layer.v1.tar+gzip", layer)],
    }).encode()
    index = json.dumps({
        "schemaVersion": 2,
        "mediaType": MEDIA + "index.v1+json",
        "manifests": [described("manifest.v1+json", manifest)],
    }).encode()
    blobs = [("blobs/" + digest(blob).replace(":", "/"), blob) for blob in (config, layer, manifest)]
    return tar([("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'), ("index.json", index), *blobs])


if __name__ == "__main__":
    source, target = sys.argv[1:]
    with open(source, "rb") as wasm, open(target, "wb") as out:
        out.write(layout(wasm.read()))
