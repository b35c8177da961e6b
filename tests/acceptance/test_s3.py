"""S3 through boto3, its transfer manager and paginators, presigned URLs, and the AWS CLI."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import urllib.error
import urllib.request
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tests.support.server import Server, wait_until

MIB = 1024 * 1024
ODD_KEYS = ["plain", "with space", "plus+plus", "per%20cent", "schlüssel/ключ/鍵", "a/../b", "/leading", "trailing/",
            "a//b", "quote'\"<&>", "?query=#1", "~tilde", "k" * 1024]


@pytest.fixture
def s3(server: Server) -> Any:
    return server.client("s3")


@pytest.fixture
def bucket(s3: Any) -> Iterator[str]:
    name = f"t-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    yield name
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
        if entries:
            s3.delete_objects(
                Bucket=name,
                Delete={"Objects": [{"Key": e["Key"], "VersionId": e["VersionId"]} for e in entries], "Quiet": True},
            )
    s3.delete_bucket(Bucket=name)


def refused(call: Any, **arguments: Any) -> tuple[str, int]:
    """The code and status of the error that the call must end in."""
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    answer = failure.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_buckets_are_made_found_and_deleted(s3: Any) -> None:
    name = f"t-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.get_waiter("bucket_exists").wait(Bucket=name)
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert name in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    assert refused(s3.delete_bucket, Bucket=name) == ("BucketNotEmpty", 409)
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)
    assert refused(s3.delete_bucket, Bucket=name) == ("NoSuchBucket", 404)
    assert refused(s3.head_bucket, Bucket=name) == ("404", 404)
    assert refused(s3.create_bucket, Bucket="UPPER") == ("InvalidBucketName", 400)


def test_a_bucket_without_a_constraint_has_no_location(s3: Any, bucket: str) -> None:
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    s3.create_bucket(Bucket=bucket)  # us-east-1 lets its owner say it twice


@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_goes_in_and_out(s3: Any, bucket: str, key: str) -> None:
    body = os.urandom(1000)
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    copy = "copy of it"
    s3.copy_object(Bucket=bucket, Key=copy, CopySource={"Bucket": bucket, "Key": key})
    assert s3.get_object(Bucket=bucket, Key=copy)["Body"].read() == body
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}, {"Key": copy}]})
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_keys_have_a_bound(s3: Any, bucket: str) -> None:
    assert refused(s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"") == ("KeyTooLongError", 400)


def test_what_is_said_of_an_object_is_shown_again(s3: Any, bucket: str) -> None:
    s3.put_object(
        Bucket=bucket, Key="k", Body=b"hello", ContentType="text/plain", CacheControl="no-cache",
        ContentEncoding="identity", ContentDisposition="inline", Metadata={"Author": "me", "empty": ""},
        Tagging="a=1&b=x%20y",
    )
    for found in (s3.head_object(Bucket=bucket, Key="k"), s3.get_object(Bucket=bucket, Key="k")):
        assert found["ContentLength"] == 5
        assert found["ContentType"] == "text/plain"
        assert found["CacheControl"] == "no-cache"
        assert found["ContentEncoding"] == "identity"
        assert found["ContentDisposition"] == "inline"
        assert found["Metadata"] == {"author": "me", "empty": ""}
        assert found["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
        assert found["AcceptRanges"] == "bytes"
    tags = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert tags == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "x y"}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "c", "Value": ""}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "c", "Value": ""}]


def test_parts_of_an_object(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    found = s3.get_object(Bucket=bucket, Key="k", Range="bytes=2-4")
    assert (found["Body"].read(), found["ContentRange"]) == (b"234", "bytes 2-4/10")
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.get_object(Bucket=bucket, Key="k", Range="bytes=-1")["Body"].read() == b"9"
    assert refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-") == ("InvalidRange", 416)
    s3.put_object(Bucket=bucket, Key="empty")
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


def test_conditions(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfMatch='"x"') == ("PreconditionFailed", 412)
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag) == ("304", 304)
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfMatch='"x"') == ("PreconditionFailed", 412)
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert refused(s3.head_object, Bucket=bucket, Key="k", IfModifiedSince=modified) == ("304", 304)
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert s3.get_object(Bucket=bucket, Key="k", IfUnmodifiedSince=modified)["Body"].read() == b"2"


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("algorithm", "raw"),
    [
        ("CRC32", zlib.crc32(b"hello").to_bytes(4, "big")),
        ("CRC32C", crc32c(b"hello").to_bytes(4, "big")),
        ("SHA1", hashlib.sha1(b"hello").digest()),
        ("SHA256", hashlib.sha256(b"hello").digest()),
    ],
)
def test_checksums_are_held_against_the_bytes_and_kept(s3: Any, bucket: str, algorithm: str, raw: bytes) -> None:
    member, value = f"Checksum{algorithm}", base64.b64encode(raw).decode()
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"hello", **{member: value})[member] == value
    found = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (found[member], found["ChecksumType"]) == (value, "FULL_OBJECT")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectSize"])
    assert (attributes["Checksum"][member], attributes["ObjectSize"]) == (value, 5)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"other", **{member: value}) == ("BadDigest", 400)


def test_the_checksum_that_the_client_adds_by_itself(s3: Any, bucket: str) -> None:
    value = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"hello")["ChecksumCRC32"] == value


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    made = tmp_path / "large"
    made.write_bytes(os.urandom(20 * MIB + 17))
    return made


def test_a_large_file_goes_up_in_parts_and_down_again(s3: Any, bucket: str, large_file: Path, tmp_path: Path) -> None:
    s3.upload_file(str(large_file), bucket, "large", ExtraArgs={"ContentType": "application/x-large"})
    found = s3.head_object(Bucket=bucket, Key="large")
    assert found["ContentLength"] == 20 * MIB + 17
    assert found["ETag"].endswith('-3"')
    assert found["ContentType"] == "application/x-large"
    s3.download_file(bucket, "large", str(tmp_path / "back"), Config=TransferConfig(multipart_threshold=8 * MIB))
    assert (tmp_path / "back").read_bytes() == large_file.read_bytes()
    part = s3.get_object(Bucket=bucket, Key="large", PartNumber=3)
    assert part["PartsCount"] == 3
    assert part["Body"].read() == large_file.read_bytes()[16 * MIB:]
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copy", Config=TransferConfig(multipart_threshold=8 * MIB))
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == large_file.read_bytes()
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_multipart_uploads_by_hand(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    where = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    small = s3.upload_part(**where, PartNumber=1, Body=b"too small")["ETag"]
    last = s3.upload_part(**where, PartNumber=2, Body=b"last")["ETag"]
    assert [p["PartNumber"] for p in s3.list_parts(**where)["Parts"]] == [1, 2]
    assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]

    def complete(*parts: tuple[int, str]) -> Any:
        listed = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        return refused(s3.complete_multipart_upload, **where, MultipartUpload={"Parts": listed})

    assert complete((1, small), (2, last)) == ("EntityTooSmall", 400)
    assert complete((2, last), (1, small)) == ("InvalidPartOrder", 400)
    assert complete((1, last)) == ("InvalidPart", 400)
    s3.abort_multipart_upload(**where)
    assert complete((2, last)) == ("NoSuchUpload", 404)


def test_listing_by_pages_prefixes_and_delimiters(s3: Any, bucket: str) -> None:
    keys = sorted([f"train/{i:03}.csv" for i in range(25)] + ["a b", "readme", "train/deep/x", "val/1"])
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for operation in ("list_objects_v2", "list_objects"):
        pages = list(s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 7}))
        assert [o["Key"] for page in pages for o in page.get("Contents", [])] == keys
        assert len(pages) == 5
    top = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [o["Key"] for o in top["Contents"]] == ["a b", "readme"]
    assert [p["Prefix"] for p in top["CommonPrefixes"]] == ["train/", "val/"]
    inside = s3.list_objects_v2(Bucket=bucket, Prefix="train/", Delimiter="/", StartAfter="train/022.csv")
    assert [o["Key"] for o in inside["Contents"]] == ["train/023.csv", "train/024.csv"]
    assert [p["Prefix"] for p in inside["CommonPrefixes"]] == ["train/deep/"]
    first = top["Contents"][0]
    assert (first["Size"], first["StorageClass"], first["ETag"]) == (3, "STANDARD",
                                                                     f'"{hashlib.md5(b"a b").hexdigest()}"')


def test_versions(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"2")["VersionId"]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    assert refused(s3.get_object, Bucket=bucket, Key="k") == ("NoSuchKey", 404)
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId=marker["VersionId"]) == ("MethodNotAllowed", 405)
    listed = s3.list_object_versions(Bucket=bucket)
    assert [(v["VersionId"], v["IsLatest"]) for v in listed["Versions"]] == [(second, False), (first, False)]
    assert [m["VersionId"] for m in listed["DeleteMarkers"]] == [marker["VersionId"]]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == second
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId="none") == ("NoSuchVersion", 404)


def test_settings_are_kept_and_shown(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket}
    assert refused(s3.get_bucket_tagging, **where) == ("NoSuchTagSet", 404)
    assert refused(s3.get_bucket_policy, **where) == ("NoSuchBucketPolicy", 404)
    assert refused(s3.get_bucket_cors, **where) == ("NoSuchCORSConfiguration", 404)
    assert refused(s3.get_bucket_lifecycle_configuration, **where) == ("NoSuchLifecycleConfiguration", 404)
    rules = s3.get_bucket_encryption(**where)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert all(s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"].values())

    tags = [{"Key": "team", "Value": "ml"}, {"Key": "cost", "Value": ""}]
    s3.put_bucket_tagging(**where, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(**where)["TagSet"] == tags
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    s3.put_bucket_policy(**where, Policy=policy)
    assert s3.get_bucket_policy(**where)["Policy"] == policy
    cors = [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 3}]
    s3.put_bucket_cors(**where, CORSConfiguration={"CORSRules": cors})
    assert s3.get_bucket_cors(**where)["CORSRules"] == cors
    lifecycle = [{"ID": "old", "Filter": {"Prefix": "tmp/"}, "Status": "Enabled", "Expiration": {"Days": 3}}]
    s3.put_bucket_lifecycle_configuration(**where, LifecycleConfiguration={"Rules": lifecycle})
    assert s3.get_bucket_lifecycle_configuration(**where)["Rules"] == lifecycle
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"},
                             "BucketKeyEnabled": True}]}
    s3.put_bucket_encryption(**where, ServerSideEncryptionConfiguration=encryption)
    assert s3.get_bucket_encryption(**where)["ServerSideEncryptionConfiguration"] == encryption
    block = {"BlockPublicAcls": False, "IgnorePublicAcls": True, "BlockPublicPolicy": True,
             "RestrictPublicBuckets": False}
    s3.put_public_access_block(**where, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(**where)["PublicAccessBlockConfiguration"] == block
    s3.put_bucket_notification_configuration(**where, NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(**where)["EventBridgeConfiguration"] == {}
    logging = {"TargetBucket": bucket, "TargetPrefix": "log/"}
    s3.put_bucket_logging(**where, BucketLoggingStatus={"LoggingEnabled": logging})
    assert s3.get_bucket_logging(**where)["LoggingEnabled"] == logging
    assert s3.get_bucket_acl(**where)["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert s3.get_bucket_ownership_controls(**where)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    for drop in (s3.delete_bucket_tagging, s3.delete_bucket_policy, s3.delete_bucket_cors, s3.delete_bucket_lifecycle,
                 s3.delete_bucket_encryption, s3.delete_public_access_block):
        drop(**where)
    assert refused(s3.get_public_access_block, **where) == ("NoSuchPublicAccessBlockConfiguration", 404)


def test_presigned_urls(server: Server, bucket: str) -> None:
    s3 = server.client("s3", signature_version="s3v4")  # by itself boto3 presigns with version 2 in us-east-1
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b+c"})
    request = urllib.request.Request(put, data=b"from afar", method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    get = s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "a b+c", "ResponseContentType": "text/csv"}
    )
    with urllib.request.urlopen(get) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"from afar", "text/csv")
    with pytest.raises(urllib.error.HTTPError) as failure:
        urllib.request.urlopen(get.replace("text%2Fcsv", "text%2Fhtml"))
    assert failure.value.code == 403
    assert b"SignatureDoesNotMatch" in failure.value.read()
    version_2 = server.client("s3", signature_version="s3").generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "a b+c"}
    )
    with pytest.raises(urllib.error.HTTPError) as failure:
        urllib.request.urlopen(version_2)
    assert b"Please use AWS4-HMAC-SHA256" in failure.value.read()


def test_the_resource_api(server: Server, bucket: str) -> None:
    handle = server.resource("s3").Bucket(bucket)
    handle.put_object(Key="x/1", Body=b"1")
    handle.Object("x/2").put(Body=b"2")
    assert [o.key for o in handle.objects.filter(Prefix="x/")] == ["x/1", "x/2"]
    handle.objects.all().delete()
    assert list(handle.objects.all()) == []


def test_the_aws_cli(server: Server, tmp_path: Path) -> None:
    name = f"t-{uuid.uuid4().hex[:12]}"
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    for file in ("one.csv", "two words.csv", "deep/three.csv"):
        (folder / file).write_text(file)

    def aws(*command: str) -> str:
        ran = server.run("aws", "s3", *command, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    aws("mb", f"s3://{name}")
    assert name in aws("ls")
    aws("sync", str(folder), f"s3://{name}/data")
    assert aws("sync", str(folder), f"s3://{name}/data") == ""  # all is there
    listed = aws("ls", "--recursive", f"s3://{name}")
    assert [line.split(maxsplit=3)[3] for line in listed.splitlines()] == [
        "data/deep/three.csv", "data/one.csv", "data/two words.csv"
    ]
    assert "PRE deep/" in aws("ls", f"s3://{name}/data/")
    assert aws("cp", f"s3://{name}/data/one.csv", "-") == "one.csv"
    aws("mv", f"s3://{name}/data/one.csv", f"s3://{name}/moved.csv")
    aws("sync", f"s3://{name}", str(tmp_path / "back"))
    assert (tmp_path / "back" / "data" / "deep" / "three.csv").read_text() == "deep/three.csv"
    assert (tmp_path / "back" / "moved.csv").read_text() == "one.csv"
    aws("rb", "--force", f"s3://{name}")
    assert name not in aws("ls")


def test_what_was_answered_survives_a_kill(fresh_server: Server) -> None:
    fresh_server.start()
    s3 = fresh_server.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="k", Body=b"1")
    upload = s3.create_multipart_upload(Bucket="kept", Key="m")["UploadId"]
    part = s3.upload_part(Bucket="kept", Key="m", UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
    fresh_server.kill()
    fresh_server.start()
    assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"1"
    s3.complete_multipart_upload(Bucket="kept", Key="m", UploadId=upload,
                                 MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    assert s3.get_object(Bucket="kept", Key="m")["Body"].read() == b"part"
    assert len([f for f in (fresh_server.data / "blobs").rglob("*") if f.is_file()]) == 2


@pytest.mark.parametrize("point", ["store.before_commit", "store.after_commit", "api.before_answer"])
def test_a_repeated_write_ends_as_if_undisturbed(fresh_server: Server, point: str) -> None:
    """A client whose server is killed amid its write repeats it, and finds one object with one blob."""
    fresh_server.start()
    fresh_server.client("s3").create_bucket(Bucket="kept")
    fresh_server.stop()
    fresh_server.start(crash_at=point)
    s3 = fresh_server.client("s3")
    with pytest.raises(Exception):
        for _ in range(20):
            s3.put_object(Bucket="kept", Key="k", Body=b"once")
    assert fresh_server.wait_for_death()
    fresh_server.start()
    s3.put_object(Bucket="kept", Key="k", Body=b"once")
    assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"once"

    def files() -> list[Path]:
        return [f for f in (fresh_server.data / "blobs").rglob("*") if f.is_file()]

    fresh_server.stop()
    fresh_server.start()
    wait_until(lambda: len(files()) == 1)
