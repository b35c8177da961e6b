"""DynamoDB through boto3's client and resource API, its waiters and paginators, and the AWS CLI."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from tests.support.server import Server


@pytest.fixture
def name() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def table(server: Server, name: str) -> Iterator[Any]:
    """A table with a composite key and a global index, as the resource API gives it."""
    made = server.resource("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": "family", "AttributeType": "S"},
            {"AttributeName": "generation", "AttributeType": "N"},
            {"AttributeName": "status", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "family", "KeyType": "HASH"},
            {"AttributeName": "generation", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-status",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "generation", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    made.wait_until_exists()
    yield made
    made.delete()
    made.wait_until_not_exists()


def refused(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    return failure.value.response


def test_numbers_sets_and_documents_come_back_as_they_went(table: Any) -> None:
    item = {
        "family": "flights",
        "generation": Decimal(1),
        "metric": Decimal("11.900000000000000000000000000000000001"),
        "tiny": Decimal("1E-130"),
        "names": {"a", "b"},
        "sizes": {Decimal(1), Decimal("2.5")},
        "bytes": b"\x00\xff",
        "nothing": None,
        "yes": True,
        "tree": {"list": [1, "two", {"three": Decimal(3)}], "empty": ""},
    }
    table.put_item(Item=item)
    back = table.get_item(Key={"family": "flights", "generation": 1})["Item"]
    assert back.pop("bytes").value == item.pop("bytes")
    assert back == item


def test_conditions_and_updates(table: Any) -> None:
    key = {"family": "flights", "generation": 1}
    table.put_item(Item=key | {"status": "registered", "tries": 0}, ConditionExpression=Attr("family").not_exists())
    again = refused(table.put_item, Item=key, ConditionExpression=Attr("family").not_exists())
    assert again["Error"] == {
        "Code": "ConditionalCheckFailedException",
        "Message": "The conditional request failed",
    }
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 400
    changed = table.update_item(
        Key=key,
        UpdateExpression="SET #s = :s, tries = tries + :one, notes = list_append(if_not_exists(notes, :none), :note)",
        ConditionExpression=Attr("status").eq("registered") & Attr("tries").lt(5),
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": "judged", ":one": 1, ":none": [], ":note": ["first"]},
        ReturnValues="ALL_NEW",
    )["Attributes"]
    assert changed == key | {"status": "judged", "tries": 1, "notes": ["first"]}
    failure = refused(
        table.update_item,
        Key=key,
        UpdateExpression="SET status = :s",
        ExpressionAttributeValues={":s": "x"},
    )
    assert failure["Error"]["Message"] == (
        "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: status"
    )
    seen = refused(
        table.delete_item,
        Key=key,
        ConditionExpression=Attr("tries").gt(5),
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert seen["Item"]["tries"] in (1, {"N": "1"})


def test_query_scan_and_batches(server: Server, table: Any) -> None:
    with table.batch_writer() as batch:
        for generation in range(1, 61):
            batch.put_item(
                Item={
                    "family": "flights",
                    "generation": generation,
                    "status": "registered" if generation % 2 else "judged",
                    "metric": Decimal(generation) / 4,
                }
            )
    newest = table.query(
        KeyConditionExpression=Key("family").eq("flights"),
        FilterExpression=Attr("status").eq("registered"),
        ScanIndexForward=False,
        ProjectionExpression="generation",
    )["Items"]
    assert [int(item["generation"]) for item in newest] == list(range(59, 0, -2))
    between = table.query(
        KeyConditionExpression=Key("family").eq("flights") & Key("generation").between(9, 11)
    )
    assert [int(item["generation"]) for item in between["Items"]] == [9, 10, 11]
    by_status = table.query(
        IndexName="by-status",
        KeyConditionExpression=Key("status").eq("judged") & Key("generation").gte(50),
        Limit=3,
    )
    assert [int(item["generation"]) for item in by_status["Items"]] == [50, 52, 54]
    rest = table.query(
        IndexName="by-status",
        KeyConditionExpression=Key("status").eq("judged") & Key("generation").gte(50),
        ExclusiveStartKey=by_status["LastEvaluatedKey"],
    )
    assert [int(item["generation"]) for item in rest["Items"]] == [56, 58, 60]

    client = server.client("dynamodb")
    pages = list(client.get_paginator("scan").paginate(TableName=table.name, PaginationConfig={"PageSize": 7}))
    assert len(pages) > 8
    assert sum(page["Count"] for page in pages) == 60
    found = client.batch_get_item(
        RequestItems={
            table.name: {
                "Keys": [{"family": {"S": "flights"}, "generation": {"N": str(n)}} for n in (3, 4, 99)],
                "ProjectionExpression": "metric",
            }
        }
    )["Responses"][table.name]
    assert sorted(item["metric"]["N"] for item in found) == ["0.75", "1"]
    assert table.scan(Select="COUNT", FilterExpression=Attr("metric").lt(Decimal("1")))["Count"] == 3


def test_transactions(server: Server, table: Any) -> None:
    client = server.client("dynamodb")
    key = {"family": {"S": "flights"}, "generation": {"N": "1"}}
    put = {"Put": {"TableName": table.name, "Item": key, "ConditionExpression": "attribute_not_exists(#f)", "ExpressionAttributeNames": {"#f": "family"}}}
    other = {"Put": {"TableName": table.name, "Item": key | {"generation": {"N": "2"}}}}
    client.transact_write_items(TransactItems=[put, other])
    with pytest.raises(client.exceptions.TransactionCanceledException) as cancelled:
        client.transact_write_items(TransactItems=[other, put])
    reasons = cancelled.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    found = client.transact_get_items(TransactItems=[{"Get": {"TableName": table.name, "Key": key}}])
    assert found["Responses"] == [{"Item": key}]


def test_tables_errors_and_settings(server: Server, table: Any) -> None:
    client = server.client("dynamodb")
    assert table.table_status == "ACTIVE"
    assert table.name in client.list_tables()["TableNames"]
    with pytest.raises(client.exceptions.ResourceInUseException, match=f"Table already exists: {table.name}"):
        client.create_table(
            TableName=table.name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="Requested resource not found"):
        client.get_item(TableName="no-such-table", Key={"id": {"S": "a"}})
    wrong = refused(client.get_item, TableName=table.name, Key={"id": {"S": "a"}})
    assert wrong["Error"] == {
        "Code": "ValidationException",
        "Message": "The provided key element does not match the schema",
    }
    client.tag_resource(ResourceArn=table.table_arn, Tags=[{"Key": "team", "Value": "ml"}])
    assert client.list_tags_of_resource(ResourceArn=table.table_arn)["Tags"] == [{"Key": "team", "Value": "ml"}]
    client.update_time_to_live(
        TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    described = client.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}


def test_items_outlive_a_kill(fresh_server: Server, name: str) -> None:
    fresh_server.start()
    table = fresh_server.resource("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.put_item(Item={"id": "a", "n": 1})
    fresh_server.kill()
    fresh_server.start()
    assert fresh_server.resource("dynamodb").Table(name).get_item(Key={"id": "a"})["Item"] == {"id": "a", "n": 1}


def test_the_command_line(server: Server, name: str) -> None:
    def aws(*arguments: str) -> Any:
        done = server.run("aws", "dynamodb", *arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    aws(
        "create-table", "--table-name", name, "--billing-mode", "PAY_PER_REQUEST",
        "--attribute-definitions", "AttributeName=id,AttributeType=S",
        "--key-schema", "AttributeName=id,KeyType=HASH",
    )
    aws("wait", "table-exists", "--table-name", name)
    aws("put-item", "--table-name", name, "--item", '{"id": {"S": "a"}, "n": {"N": "1"}}')
    assert aws("scan", "--table-name", name)["Items"] == [{"id": {"S": "a"}, "n": {"N": "1"}}]
    aws("delete-table", "--table-name", name)
    aws("wait", "table-not-exists", "--table-name", name)
    failed = server.run("aws", "dynamodb", "describe-table", "--table-name", name)
    assert failed.returncode != 0
    assert f"Requested resource not found: Table: {name} not found" in failed.stderr
