"""python3 -m unittest discover -s envoy/oci -p '*_test.py'"""

import gzip
import hashlib
import io
import json
import tarfile
import unittest

from layout import layout

WASM = b"\0asm\1\0\0\0"


def files(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {entry.name: opened.extractfile(entry).read() for entry in opened}


class Layout(unittest.TestCase):
    def setUp(self):
        self.files = files(layout(WASM))

    def blob(self, descriptor):
        algorithm, digest = descriptor["digest"].split(":")
        blob = self.files[f"blobs/{algorithm}/{digest}"]
        self.assertEqual(hashlib.sha256(blob).hexdigest(), digest)
        self.assertEqual(len(blob), descriptor["size"])
        return blob

    def test_there_is_one_layer_with_one_file_and_every_digest_is_right(self):
        index = json.loads(self.files["index.json"])
        [descriptor] = index["manifests"]
        self.assertEqual(descriptor["mediaType"], "application/vnd.oci.image.manifest.v1+json")
        manifest = json.loads(self.blob(descriptor))
        [layer] = manifest["layers"]
        self.assertEqual(layer["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip")
        content = gzip.decompress(self.blob(layer))
        self.assertEqual(files(content), {"plugin.wasm": WASM})
        config = json.loads(self.blob(manifest["config"]))
        self.assertEqual(config["rootfs"]["diff_ids"], ["sha256:" + hashlib.sha256(content).hexdigest()])
        self.assertEqual(len(self.files), 5)

    def test_the_same_module_gives_the_same_bytes(self):
        self.assertEqual(layout(WASM), layout(WASM))


if __name__ == "__main__":
    unittest.main()
