"""Input channels of training jobs as their programs find them: pipes, manifests, wrappers; and checkpoints."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.channels import Programs, piped
from tests.support.server import Server, wait_until
from tests.support.training import ENDED, ROLE, Lab, channel, csv, rows, unique

AUGMENTED_LINE_MAX = 1 << 20
AUGMENTED_MANIFEST_MAX = 256 << 20
MANIFEST_MAX = 64 << 20

# Three epochs of the channel `train`.
EPOCHS = """
for epoch in range(3):
    (model / str(epoch)).write_bytes((data / f"train_{epoch}").read_bytes())
"""
ONE_EPOCH = '(model / "0").write_bytes((data / "train_0").read_bytes())'


@pytest.fixture(scope="module")
def lab(server: Server) -> Iterator[Lab]:
    yield Lab(server)


@pytest.fixture(scope="module")
def programs(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return Programs(lab, tmp_path_factory.mktemp("program"))


def put_all(lab: Lab, objects: dict[str, bytes]) -> str:
    """The folder that they are in, with a slash at its end."""
    folder = unique("input")
    for name, body in objects.items():
        lab.put(f"{folder}/{name}", body)
    return f"{folder}/"


def record(content: bytes) -> bytes:
    """As RecordIO has it."""
    return struct.pack("<II", 0xCED7230A, len(content)) + content + b"\0" * (-len(content) % 4)


def refused(programs: Programs, channels: list[dict[str, Any]], mode: str = "File") -> str:
    with pytest.raises(ClientError) as failure:
        programs.begin("", channels, mode)
    assert failure.value.response["Error"]["Code"] == "ValidationException"
    return str(failure.value.response["Error"]["Message"])


# --- pipes


@pytest.mark.parametrize("level", ["job", "channel"])
def test_a_pipe_gives_the_objects_in_order_in_every_epoch(lab: Lab, programs: Programs, level: str) -> None:
    folder = put_all(lab, {"b": b"second\n", "a": b"first\n", "c/d": b"third\n", "empty": b""})
    one = piped("train", lab.uri(folder))
    if level == "job":
        del one["InputMode"]
    left = programs.run(EPOCHS, [one], "Pipe" if level == "job" else "File")
    assert left == {str(epoch): b"first\nsecond\nthird\n" for epoch in range(3)}


def test_several_pipes_beside_files(lab: Lab, programs: Programs) -> None:
    one, other = put_all(lab, {"x": b"one"}), put_all(lab, {"y": b"other"})
    files = channel("files", lab.uri(one)) | {"InputMode": "File"}
    code = """
(model / "other").write_bytes((data / "other_0").read_bytes() + (data / "train_0").read_bytes() + (data / "other_1").read_bytes())
(model / "file").write_bytes((data / "files" / "x").read_bytes())
(model / "config").write_bytes(pathlib.Path("/opt/ml/input/config/inputdataconfig.json").read_bytes())
"""
    left = programs.run(code, [piped("train", lab.uri(one)), piped("other", lab.uri(other)), files], "Pipe")
    assert (left["other"], left["file"]) == (b"otheroneother", b"one")
    common = {"S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    assert json.loads(left["config"]) == {
        "train": {"TrainingInputMode": "Pipe"} | common,
        "other": {"TrainingInputMode": "Pipe"} | common,
        "files": {"TrainingInputMode": "File", "ContentType": "text/csv"} | common,
    }


def test_a_program_may_close_early_or_read_nothing(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"big": bytes(8 << 20), "last": b"end"})
    code = """
for epoch in range(2):
    with open(data / f"train_{epoch}", "rb", buffering=0) as pipe:
        pipe.read(10)
whole = (data / "train_2").read_bytes()
(model / "length").write_text(f"{len(whole)} {whole[-3:].decode()} {(data / 'unread_0').is_fifo()}")
"""
    left = programs.run(code, [piped("train", lab.uri(folder)), piped("unread", lab.uri(folder))])
    assert left["length"] == f"{(8 << 20) + 3} end True".encode()


def test_only_pipes_are_there_and_the_next_one_before_its_turn(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a": b"x" * (4 << 20)})
    code = """
import stat
with open(data / "train_0", "rb") as pipe:
    pipe.read(1)
    (model / "during").write_text(" ".join(sorted(p.name for p in data.iterdir())))
    pipe.read()
(model / "after").write_text(" ".join(sorted(p.name for p in data.iterdir())))
about = os.stat(data / "train_1")
(model / "kind").write_text(f"{stat.S_ISFIFO(about.st_mode)}")
"""
    left = programs.run(code, [piped("train", lab.uri(folder))])
    assert left["during"] == b"train_0 train_1"
    assert b"train_0" not in left["after"] and b"train_1" in left["after"]
    assert left["kind"] == b"True"


def test_a_manifest_orders_the_pipe(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a": b"A", "b": b"B", "c": b"C"})
    lab.put(f"{folder}m.json", json.dumps([{"prefix": lab.uri(folder)}, "c", "a", "c"]).encode())
    left = programs.run(EPOCHS, [piped("train", lab.uri(f"{folder}m.json"), "ManifestFile")])
    assert left == {str(epoch): b"CAC" for epoch in range(3)}


def test_a_seed_shuffles_each_epoch_anew_and_repeatably(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {f"{i:02}": f"{i:02} ".encode() for i in range(12)})

    def epochs(seed: int) -> list[bytes]:
        left = programs.run(EPOCHS, [piped("train", lab.uri(folder), ShuffleConfig={"Seed": seed})])
        return [left[str(epoch)] for epoch in range(3)]

    first, again, other = epochs(1), epochs(1), epochs(2)
    in_order = b"".join(f"{i:02} ".encode() for i in range(12))
    assert first == again
    assert len(set(first)) == 3 and in_order not in first
    assert all(sorted(e.split()) == in_order.split() for e in first + other)
    assert other[:2] == first[1:]  # the seed and the epoch together make the order


def test_compressed_objects_are_unpacked_as_they_stream(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a.gz": gzip.compress(b"first\n" * 1000), "b.gz": gzip.compress(b"second\n")})
    one = piped("train", lab.uri(folder), CompressionType="Gzip")
    assert programs.run(EPOCHS, [one])["2"] == b"first\n" * 1000 + b"second\n"
    wrapped = programs.run(EPOCHS, [one | {"RecordWrapperType": "RecordIO"}])
    assert wrapped == {str(epoch): record(b"first\n" * 1000) + record(b"second\n") for epoch in range(3)}


def test_an_object_that_is_no_gzip_fails_the_job_by_its_name(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a.gz": gzip.compress(b"fine"), "b.gz": b"plain"})
    reason = programs.fail(ONE_EPOCH, [piped("train", lab.uri(folder), CompressionType="Gzip")])
    assert reason.startswith(f"ClientError: Data download failed: {lab.uri(folder)}b.gz: ")


def test_objects_are_wrapped_as_recordio(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a": b"12345", "b": b"", "c": b"1234"})
    left = programs.run(ONE_EPOCH, [piped("train", lab.uri(folder), RecordWrapperType="RecordIO")])
    assert left["0"] == record(b"12345") + record(b"") + record(b"1234")


def test_an_isolated_program_has_its_pipes(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a": b"x"})
    assert programs.run(EPOCHS, [piped("train", lab.uri(folder))], EnableNetworkIsolation=True)["2"] == b"x"


def test_a_stop_ends_a_program_in_its_pipe(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a": bytes(8 << 20)})
    name = programs.begin('pipe = open(data / "train_0", "rb"); pipe.read(1); time.sleep(600)', [piped("train", lab.uri(folder))])
    wait_until(lambda: lab.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"] == "Training")
    lab.sagemaker.stop_training_job(TrainingJobName=name)
    assert lab.await_training(name)["TrainingJobStatus"] == "Stopped"


def test_no_data_fails_a_pipe_in_sagemakers_words(lab: Lab, programs: Programs) -> None:
    uri = lab.uri(f"{unique('nothing')}/")
    for kind in ("S3Prefix", "AugmentedManifestFile"):
        reason = programs.fail(ONE_EPOCH, [piped("train", uri, kind, attributes=["a"])])
        assert reason.startswith(f'ClientError: No S3 objects found under S3 URL "{uri}" given in input data source.')


def test_a_folder_with_a_pipes_name_fails_the_job(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a": b"x"})
    channels = [piped("train", lab.uri(folder)), channel("train_10", lab.uri(folder))]
    assert programs.fail(ONE_EPOCH, channels) == "ClientError: The channel train_10 has the name of a pipe of the channel train"
    fine = [piped("train", lab.uri(folder)), channel("train_x", lab.uri(folder)), piped("train_1", lab.uri(folder))]
    assert programs.run('(model / "0").write_bytes((data / "train_1_0").read_bytes())', fine) == {"0": b"x"}


def test_a_built_in_algorithm_takes_a_pipe(lab: Lab) -> None:
    folder = put_all(lab, {"a.csv.gz": gzip.compress(csv(rows(150, 1))), "b.csv.gz": gzip.compress(csv(rows(50, 2)))})
    name = unique("native")
    train = channel("train", lab.uri(folder)) | {"InputMode": "Pipe", "CompressionType": "Gzip"}
    lab.train(name, InputDataConfig=[train])
    assert lab.await_training(name)["TrainingJobStatus"] == "Completed"
    assert any("Train matrix has 200 rows" in line for line in lab.log("/aws/sagemaker/TrainingJobs", name))
    name = unique("native")
    lab.train(name, InputDataConfig=[train | {"RecordWrapperType": "RecordIO"}])
    assert "the built-in algorithm does not read" in lab.await_training(name)["FailureReason"]


def test_sharding_gives_one_host_everything(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a": b"A", "b": b"B"})
    one = piped("train", lab.uri(folder))
    one["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
    code = ONE_EPOCH + '\n(model / "config").write_bytes(pathlib.Path("/opt/ml/input/config/inputdataconfig.json").read_bytes())'
    left = programs.run(code, [one])
    assert left["0"] == b"AB"
    assert json.loads(left["config"])["train"]["S3DistributionType"] == "ShardedByS3Key"


def test_a_shuffle_of_files_changes_nothing(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a": b"A", "b/c": b"B"})
    one = channel("train", lab.uri(folder)) | {"ShuffleConfig": {"Seed": 5}}
    code = '(model / "all").write_text(" ".join(sorted(str(p.relative_to(data)) for p in data.rglob("*"))))'
    assert programs.run(code, [one])["all"] == b"train train/a train/b train/b/c"


def test_describe_tells_what_was_asked(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a.gz": gzip.compress(b"x")})
    lab.put(f"{folder}m", b'{"a-ref": "%s"}\n' % lab.uri(f"{folder}a.gz").encode())
    asked = [piped("train", lab.uri(folder), CompressionType="Gzip", RecordWrapperType="RecordIO", ShuffleConfig={"Seed": -3}),
             piped("lines", lab.uri(f"{folder}m"), "AugmentedManifestFile", attributes=["a-ref"])]  # fmt: skip
    told = lab.sagemaker.describe_training_job(TrainingJobName=programs.begin("", asked, "FastFile"))
    assert told["AlgorithmSpecification"]["TrainingInputMode"] == "FastFile"
    for one in asked:
        one["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "FullyReplicated"
    assert told["InputDataConfig"] == [asked[0], asked[1] | {"CompressionType": "None", "RecordWrapperType": "None"}]


# --- augmented manifests


def augmented(lab: Lab, *lines: Any) -> str:
    key = unique("manifest")
    lab.put(key, b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines))
    return lab.uri(key)


def test_an_augmented_manifest_interleaves_its_attributes(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"1.jpg": b"IMAGE1", "2.jpg": b"IMAGE-2"})
    uri = augmented(
        lab,
        {"image-ref": lab.uri(f"{folder}2.jpg"), "is-a-cat": 1, "other": "left out"},
        b"",
        {"about": {"w": [1, 2.5]}, "is-a-cat": 'n"o', "image-ref": lab.uri(f"{folder}1.jpg")},
        {"image-ref": lab.uri(f"{folder}2.jpg"), "is-a-cat": None},
    )
    one = piped("train", uri, "AugmentedManifestFile", attributes=["image-ref", "is-a-cat"])
    assert programs.run(ONE_EPOCH, [one])["0"] == b'IMAGE-21IMAGE1n"oIMAGE-2null'
    wrapped = programs.run(EPOCHS, [one | {"RecordWrapperType": "RecordIO"}])
    parts = [b"IMAGE-2", b"1", b"IMAGE1", b'n"o', b"IMAGE-2", b"null"]
    assert wrapped == {str(epoch): b"".join(map(record, parts)) for epoch in range(3)}


def test_the_lines_of_an_augmented_manifest_are_shuffled_whole(lab: Lab, programs: Programs) -> None:
    uri = augmented(lab, *({"a": f"{i} ", "b": f"{i * i};", "c": {}} for i in range(20)))
    one = piped("train", uri, "AugmentedManifestFile", attributes=["a", "b"], ShuffleConfig={"Seed": 11})
    left = programs.run(EPOCHS, [one])
    in_order = [f"{i} {i * i}" for i in range(20)]
    epochs = [left[str(epoch)].decode().rstrip(";").split(";") for epoch in range(3)]
    assert all(sorted(e) == sorted(in_order) and e != in_order for e in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"no json", "is not a JSON object"),
        (b"[1]", "is not a JSON object"),
        ({"a": 1}, "has no attribute b-ref"),
        ({"a": 1, "b-ref": 2}, "has in b-ref no S3 URI"),
        ({"a": 1, "b-ref": "https://x/y"}, "names what cannot be read: Invalid S3 URI: https://x/y"),
        ({"a": 1, "b-ref": "s3://no-such-bucket-here/y"}, "names what cannot be read: Cannot read s3://no-such-bucket-here/y: "),
    ],
)
def test_a_bad_line_fails_the_job_by_its_number(lab: Lab, programs: Programs, line: Any, why: str) -> None:
    folder = put_all(lab, {"x": b"x"})
    uri = augmented(lab, {"a": 1, "b-ref": lab.uri(f"{folder}x")}, line)
    reason = programs.fail(ONE_EPOCH, [piped("train", uri, "AugmentedManifestFile", attributes=["a", "b-ref"])])
    assert reason.startswith(f"ClientError: Line 2 of the augmented manifest {uri} {why}")


def test_a_line_has_a_bound(lab: Lab, programs: Programs) -> None:
    longest = json.dumps({"a": ""}).encode()
    longest = longest[:-2] + b"x" * (AUGMENTED_LINE_MAX - len(longest)) + longest[-2:]
    assert len(longest) == AUGMENTED_LINE_MAX
    uri = augmented(lab, longest)
    left = programs.run(ONE_EPOCH, [piped("train", uri, "AugmentedManifestFile", attributes=["a"])])
    assert left["0"] == b"x" * (AUGMENTED_LINE_MAX - len(json.dumps({"a": ""})))
    uri = augmented(lab, {"a": 1}, longest + b" ")
    reason = programs.fail(ONE_EPOCH, [piped("train", uri, "AugmentedManifestFile", attributes=["a"])])
    assert reason == f"ClientError: Line 2 of the augmented manifest {uri} is longer than {AUGMENTED_LINE_MAX} bytes"


def repeated(lab: Lab, key: str, times: int, end: bytes = b"") -> None:
    """An object of several times the object `<key>.part`, put together where they lie."""
    made = {"Bucket": lab.bucket, "Key": key}
    upload = made | {"UploadId": lab.s3.create_multipart_upload(**made)["UploadId"]}
    source = {"Bucket": lab.bucket, "Key": f"{key}.part"}
    parts = [lab.s3.upload_part_copy(**upload, PartNumber=n + 1, CopySource=source)["CopyPartResult"] for n in range(times)]
    if end:
        parts.append(lab.s3.upload_part(**upload, PartNumber=times + 1, Body=end))
    told = [{"PartNumber": n + 1, "ETag": part["ETag"]} for n, part in enumerate(parts)]
    lab.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": told})


def test_a_manifest_has_a_bound(lab: Lab, programs: Programs) -> None:
    """At the bound it is read: that it holds no line is what is wrong with it."""
    key = unique("manifest")
    one = piped("train", lab.uri(key), "AugmentedManifestFile", attributes=["a"])
    lab.put(f"{key}.part", (b" " * (AUGMENTED_LINE_MAX - 1) + b"\n") * 16)
    repeated(lab, key, AUGMENTED_MANIFEST_MAX // (16 * AUGMENTED_LINE_MAX))
    assert lab.s3.head_object(Bucket=lab.bucket, Key=key)["ContentLength"] == AUGMENTED_MANIFEST_MAX
    assert programs.fail("", [one]).startswith("ClientError: No S3 objects found under S3 URL ")
    repeated(lab, key, AUGMENTED_MANIFEST_MAX // (16 * AUGMENTED_LINE_MAX), b"\n")
    assert programs.fail("", [one]) == f"ClientError: The augmented manifest {lab.uri(key)} is larger than {AUGMENTED_MANIFEST_MAX} bytes"
    lab.s3.delete_object(Bucket=lab.bucket, Key=key)


def test_a_manifest_file_has_a_bound(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a": b"A"})
    key = f"{folder}m"
    manifest = json.dumps([{"prefix": lab.uri(folder)}, "a"]).encode()
    block = 16 << 20
    lab.put(f"{key}.part", b" " * block)
    repeated(lab, key, MANIFEST_MAX // block - 1, b" " * (block - len(manifest)) + manifest)
    assert programs.run(ONE_EPOCH, [piped("train", lab.uri(key), "ManifestFile")]) == {"0": b"A"}
    repeated(lab, key, MANIFEST_MAX // block, manifest)
    assert programs.fail("", [piped("train", lab.uri(key), "ManifestFile")]) == f"ClientError: The manifest file {lab.uri(key)} is too large"


# --- what a request may not say


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_what_pipes_alone_do_is_refused_elsewhere(lab: Lab, programs: Programs, mode: str) -> None:
    one = channel("train", lab.uri("data/train/"))
    assert refused(programs, [one | {"CompressionType": "Gzip"}], mode) == (
        f"Invalid compression type for channel train: {mode} mode only supports NONE, got Gzip instead")  # fmt: skip
    assert refused(programs, [one | {"RecordWrapperType": "RecordIO"}], mode) == (
        f"Invalid record wrapper type for channel train: {mode} mode only supports NONE, got RecordIO instead")  # fmt: skip
    source = {"S3DataType": "AugmentedManifestFile", "S3Uri": lab.uri("m"), "AttributeNames": ["a"]}
    assert refused(programs, [one | {"DataSource": {"S3DataSource": source}}], mode) == (
        f"Invalid S3DataType for channel train: AugmentedManifestFile can only be used in Pipe mode, got {mode} instead")  # fmt: skip


def test_an_augmented_manifest_needs_attributes(lab: Lab, programs: Programs) -> None:
    for more in ({}, {"attributes": []}):
        message = refused(programs, [piped("train", lab.uri("m"), "AugmentedManifestFile", **more)])
        assert message == "AttributeNames is required for channel train: its S3DataType is AugmentedManifestFile"
    many = [str(i) for i in range(17)]
    message = refused(programs, [piped("train", lab.uri("m"), "AugmentedManifestFile", attributes=many)])
    assert "Member must have length less than or equal to 16" in message


@pytest.mark.parametrize("name", [".", ".."])
def test_a_channels_name_is_a_folders(lab: Lab, programs: Programs, name: str) -> None:
    assert refused(programs, [channel(name, lab.uri("data/train/"))]) == f"The channel name {name} is no folder's name."


def tune(lab: Lab, programs: Programs, code: str, one: dict[str, Any]) -> str:
    """Begins a tuning job of one training job; its name."""
    name = unique("t")
    definition = {
        "AlgorithmSpecification": {"TrainingImage": programs.image, "TrainingInputMode": "File",
                                   "MetricDefinitions": [{"Name": "m", "Regex": "m=([0-9]+)"}]},
        "RoleArn": ROLE,
        "StaticHyperParameters": {"code": json.dumps(code)},
        "InputDataConfig": [one],
        "OutputDataConfig": {"S3OutputPath": lab.uri("models")},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }  # fmt: skip
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "m"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
        "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]},
    }
    lab.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, HyperParameterTuningJobConfig=config, TrainingJobDefinition=definition)  # fmt: skip
    return name


def test_a_tuning_job_with_such_a_channel_is_refused(lab: Lab, programs: Programs) -> None:
    with pytest.raises(ClientError) as failure:
        tune(lab, programs, "", channel("train", lab.uri("data/train/")) | {"CompressionType": "Gzip"})
    assert failure.value.response["Error"]["Message"].startswith("Invalid compression type for channel train: ")


def test_a_tuning_jobs_training_jobs_have_pipes(lab: Lab, programs: Programs) -> None:
    folder = put_all(lab, {"a": b"12345", "b": b"678"})
    code = 'print(f"m={len((data / \'train_0\').read_bytes() + (data / \'train_1\').read_bytes())}")'
    name = tune(lab, programs, code, piped("train", lab.uri(folder)))

    def best() -> dict[str, Any] | None:
        told = lab.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        return told if told["HyperParameterTuningJobStatus"] in ENDED else None

    assert wait_until(best)["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 16


# --- checkpoints


def versions(lab: Lab, key: str) -> int:
    listed = lab.s3.list_object_versions(Bucket=lab.bucket, Prefix=key)
    return sum(v["Key"] == key for v in listed.get("Versions", []))


@pytest.fixture
def versioned(lab: Lab) -> Iterator[Lab]:
    lab.s3.put_bucket_versioning(Bucket=lab.bucket, VersioningConfiguration={"Status": "Enabled"})
    yield lab
    lab.s3.put_bucket_versioning(Bucket=lab.bucket, VersioningConfiguration={"Status": "Suspended"})


def test_checkpoints_are_stored_while_the_program_runs_and_once(versioned: Lab, programs: Programs) -> None:
    lab, prefix = versioned, unique("kept")
    lab.put(f"{prefix}/old/same", b"same")
    lab.put(f"{prefix}/old/changed", b"before")
    code = """
kept = pathlib.Path("/opt/ml/checkpoints")
(kept / "old" / "changed").write_text("after.")
(kept / "new" / "deep").mkdir(parents=True)
(kept / "new" / "deep" / "state").write_text("1")
(kept / "link").symlink_to("/etc/passwd")
(kept / "folder").symlink_to("/etc")
os.mkfifo(kept / "pipe")
time.sleep(600)
"""
    name = programs.begin(code, [], CheckpointConfig={"S3Uri": lab.uri(prefix)})
    wait_until(lambda: lab.keys(f"{prefix}/new/") and versions(lab, f"{prefix}/old/changed") == 2)
    assert lab.get(f"{prefix}/new/deep/state") == b"1" and lab.get(f"{prefix}/old/changed") == b"after."
    assert lab.sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "InProgress"
    lab.sagemaker.stop_training_job(TrainingJobName=name)
    assert lab.await_training(name)["TrainingJobStatus"] == "Stopped"
    counts = {key.removeprefix(f"{prefix}/"): versions(lab, key) for key in lab.keys(prefix)}
    assert counts == {"old/same": 1, "old/changed": 2, "new/deep/state": 1}


def test_a_checkpoint_that_changed_again_is_stored_at_the_end(versioned: Lab, programs: Programs) -> None:
    lab, prefix = versioned, unique("kept")
    code = """
import signal
state = pathlib.Path("/opt/ml/checkpoints/state")
def stop(*_):
    state.write_text("last")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
state.write_text("first")
while True:
    time.sleep(1)
"""
    name = programs.begin(code, [], CheckpointConfig={"S3Uri": lab.uri(prefix)})
    wait_until(lambda: lab.keys(prefix))
    assert lab.get(f"{prefix}/state") == b"first"
    lab.sagemaker.stop_training_job(TrainingJobName=name)
    lab.await_training(name)
    assert lab.get(f"{prefix}/state") == b"last"
    assert versions(lab, f"{prefix}/state") == 2


def test_a_program_that_swaps_folders_for_links_gives_nothing_else_away(lab: Lab, programs: Programs) -> None:
    """While checkpoints are looked for, a folder is a link to one of the machine's as often as not."""
    prefix = unique("kept")
    code = """
kept = pathlib.Path("/opt/ml/checkpoints")
for name in ("real", "swapped"):
    (kept / name).mkdir()
    (kept / name / "hostname").write_text("own")
(kept / "away").symlink_to("/etc")
end = time.time() + 6
while time.time() < end:
    (kept / "swapped").rename(kept / "hidden")
    (kept / "away").rename(kept / "swapped")
    (kept / "swapped").rename(kept / "away")
    (kept / "hidden").rename(kept / "swapped")
"""
    programs.run(code, [], CheckpointConfig={"S3Uri": lab.uri(prefix)})
    assert lab.get(f"{prefix}/real/hostname") == b"own"
    assert {lab.get(key) for key in lab.keys(prefix)} == {b"own"}


def test_nothing_is_left_of_the_jobs(lab: Lab) -> None:
    wait_until(lambda: not list((lab.server.data / "jobs").glob("*/*")), limit_s=30)
