"""HTTP message signatures (RFC 9421) and content digests (RFC 9530) by a library that is not ours.

Reads jobs, a list in JSON, and writes what came of each: the headers of a signed request, or what a
verified signature covers, or why there is none.
"""

import base64
import datetime
import json
import sys

from http_message_signatures import (
    HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, InvalidSignature, algorithms,
)


class Message:
    def __init__(self, job):
        self.method, self.url, self.headers = job["method"], job["url"], dict(job.get("headers", {}))


class Key(HTTPSignatureKeyResolver):
    def __init__(self, job):
        self.key = base64.b64decode(job["key"])

    def resolve_private_key(self, key_id):
        return self.key

    resolve_public_key = resolve_private_key


def at(seconds):
    return seconds and datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def sign(job):
    message = Message(job)
    HTTPMessageSigner(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Key(job)).sign(
        message, key_id=job["keyId"], created=at(job.get("created")), expires=at(job.get("expires")),
        nonce=job.get("nonce"), tag=job.get("tag"), covered_component_ids=job["components"],
        body=job["body"].encode(),
    )
    return message.headers


def verify(job):
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Key(job))
    try:
        [found] = verifier.verify(
            Message(job), max_age=datetime.timedelta(seconds=60), expect_tag=job.get("tag"),
            require_components=job["components"], body=job["body"].encode(),
        )
    except InvalidSignature as error:
        return {"refused": str(error)}
    return {
        "covered": sorted(found.covered_components), "parameters": sorted(found.parameters), "nonce": found.nonce,
    }


jobs = json.load(sys.stdin)
json.dump([{"sign": sign, "verify": verify}[job["do"]](job) for job in jobs], sys.stdout)
