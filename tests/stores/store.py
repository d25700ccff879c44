"""A store that speaks S3 and verifies signatures (moto), and a client of it without credentials (boto3)."""

import json
import os
import socket
import sys

BUCKET = "orders-2026"


def serve(certificate, key):
    """Serves on any port and says which. Everybody may do everything until `user` was called."""
    os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, ssl_context=(certificate, key))
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()


def reach(host, port):
    """Lets a name lead to this machine, whatever the resolver says."""
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda name, _, *rest, **more: resolve(
        "127.0.0.1" if name == host else name, port, *rest, **more
    )
    return f"https://{host}:{port}"


def user(host, port, authority):
    """Makes a user who may use the store, and from then on nobody else may; prints its keys."""
    import boto3
    import requests

    url = reach(host, int(port))
    iam = boto3.client(
        "iam", endpoint_url=url, region_name="us-east-1", verify=authority,
        aws_access_key_id="setup", aws_secret_access_key="setup",
    )
    iam.create_user(UserName="gateway")
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="gateway", PolicyName="store", PolicyDocument=document)
    key = iam.create_access_key(UserName="gateway")["AccessKey"]
    requests.post(f"{url}/moto-api/reset-auth", data=b"0", verify=authority, timeout=10).raise_for_status()
    print(json.dumps({"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}))


def use(host, port, authority):
    """Puts, gets, lists and deletes without credentials; prints what came."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    store = boto3.client(
        "s3", endpoint_url=reach(host, int(port)), region_name="us-east-1", verify=authority,
        config=Config(
            signature_version=UNSIGNED, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1},
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


{"serve": serve, "user": user, "use": use}[sys.argv[1]](*sys.argv[2:])
