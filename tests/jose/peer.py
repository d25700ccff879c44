"""Encrypts and decrypts with jwcrypto what a gateway decrypted or encrypts: one order on standard input, as JSON."""

import base64
import json
import sys

from jwcrypto import jwe, jwk

FORMS = {"compact": True, "flattened": False}


def oct_key(order):
    """The key of a `SymmetricKey` as the vault has it, or a password."""
    octets = base64.b64decode(order["key"]) if "key" in order else order["password"].encode()
    return jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(octets).rstrip(b"=").decode())


def encrypt(order):
    """The message: header parameters are those of the order."""
    header = json.dumps(order["header"])
    message = jwe.JWE(order["plaintext"].encode(), protected=header)
    message.add_recipient(oct_key(order))
    return message.serialize(compact=FORMS[order["form"]])


def decrypt(order):
    """Plaintext and protected header."""
    message = jwe.JWE()
    message.deserialize(order["message"], key=oct_key(order))
    return {"plaintext": message.payload.decode(), "header": json.loads(message.objects["protected"])}


if __name__ == "__main__":
    order = json.load(sys.stdin)
    print(json.dumps({"encrypt": encrypt, "decrypt": decrypt}[order["do"]](order)))
