"""A store that speaks S3 and verifies signatures (moto), and a client of it without credentials (boto3)."""

import hashlib
import io
import json
import os
import socket
import sys

BUCKET = "orders-2026"


def with_bodies_checked(application):
    """As S3 does, and moto does not: a body has the hash that was signed."""

    def check(environ, start):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        signed = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "UNSIGNED-PAYLOAD")
        if signed not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            start("400 Bad Request", [("content-type", "text/plain")])
            return [b"XAmzContentSHA256Mismatch"]
        return application(environ, start)

    return check


def serve(style, certificate, key):
    """Serves on any port and says which. Everybody may do everything until a key was made."""
    os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = str(style == "path").lower()
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    application = with_bodies_checked(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, ssl_context=(certificate, key))
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()


def reach(host, port):
    """Lets a name and those below it lead to this machine, whatever the resolver says."""
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda name, _, *rest, **more: resolve(
        "127.0.0.1" if f".{name}".endswith(f".{host}") else name, port, *rest, **more
    )
    return f"https://{host}:{port}"


def key(kind, host, port, authority):
    """Makes a key of a `user`, or a temporary one of a `role`, that may use the store; prints it. From then
    on nobody else may."""
    import boto3
    import requests

    url = reach(host, int(port))
    iam, sts = (
        boto3.client(
            service, endpoint_url=url, region_name="us-east-1", verify=authority,
            aws_access_key_id="setup", aws_secret_access_key="setup",
        )
        for service in ("iam", "sts")
    )
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = {"PolicyName": "store", "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [everything]})}
    if kind == "user":
        iam.create_user(UserName="gateway")
        iam.put_user_policy(UserName="gateway", **policy)
        made = iam.create_access_key(UserName="gateway")["AccessKey"]
    else:
        role = iam.create_role(RoleName="gateway", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        iam.put_role_policy(RoleName="gateway", **policy)
        made = sts.assume_role(RoleArn=role, RoleSessionName="gateway")["Credentials"]
    requests.post(f"{url}/moto-api/reset-auth", data=b"0", verify=authority, timeout=10).raise_for_status()
    names = {"id": "AccessKeyId", "secret": "SecretAccessKey", "token": "SessionToken"}
    print(json.dumps({ours: made[theirs] for ours, theirs in names.items() if theirs in made}))


def use(style, host, port, authority):
    """Puts, gets, lists and deletes without credentials; prints what came."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    store = boto3.client(
        "s3", endpoint_url=reach(host, int(port)), region_name="us-east-1", verify=authority,
        config=Config(
            signature_version=UNSIGNED, s3={"addressing_style": style}, retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required", response_checksum_validation="when_required",
        ),
    )
    store.create_bucket(Bucket=BUCKET)
    names = ["plain", "with space/and+plus", "ünï", "a/../b", "q?x=1&y"]
    for name in names:
        store.put_object(Bucket=BUCKET, Key=name, Body=name.encode() * 100, ContentType="text/plain")
    got = [store.get_object(Bucket=BUCKET, Key=name)["Body"].read() == name.encode() * 100 for name in names]
    listed = store.list_objects_v2(Bucket=BUCKET, Prefix="with space/", Delimiter="/")
    for name in names:
        store.delete_object(Bucket=BUCKET, Key=name)
    left = store.list_objects_v2(Bucket=BUCKET).get("KeyCount")
    print(json.dumps({"got": got, "listed": [one["Key"] for one in listed["Contents"]], "left": left}))


{"serve": serve, "key": key, "use": use}[sys.argv[1]](*sys.argv[2:])
