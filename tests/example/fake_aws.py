"""What stands in for boto3 when the example's functions run here without a server: buckets and one table in memory.

It answers just the calls that those functions make, and refuses what real AWS would refuse of them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

PAGE_SIZE = 10  # small, so that code which reads one page only is found out


class FakeS3:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str = "") -> dict[str, Any]:
        assert isinstance(Body, bytes)
        self.objects[Bucket, Key] = Body
        return {}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Bucket, Key])}

    def get_paginator(self, operation: str) -> SimpleNamespace:
        assert operation == "list_objects_v2"
        return SimpleNamespace(paginate=self._list)

    def _list(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        keys = sorted(key for bucket, key in self.objects if bucket == Bucket and key.startswith(Prefix))
        if not keys:
            yield {"KeyCount": 0}
        for start in range(0, len(keys), PAGE_SIZE):
            yield {"Contents": [{"Key": key} for key in keys[start : start + PAGE_SIZE]]}


class FakeDynamoDB:
    """One table with the key MODEL_FAMILY, RUN."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}

    def put(self, **item: dict[str, Any]) -> None:
        self.items[item["MODEL_FAMILY"]["S"], item["RUN"]["S"]] = dict(item)

    def query(self, **request: Any) -> dict[str, Any]:
        return {"Items": self._newest_first(request)[: request["Limit"]]}

    def get_paginator(self, operation: str) -> SimpleNamespace:
        assert operation == "query"
        return SimpleNamespace(paginate=self._query)

    def _newest_first(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        assert request["KeyConditionExpression"] == "MODEL_FAMILY = :f" and request["ScanIndexForward"] is False
        assert request["ConsistentRead"]  # a model that was registered a moment ago is there
        family = request["ExpressionAttributeValues"][":f"]["S"]
        return [self.items[key] for key in sorted(self.items, reverse=True) if key[0] == family]

    def _query(self, **request: Any) -> Iterator[dict[str, Any]]:
        assert request["FilterExpression"] == "#s = :s"
        name, value = request["ExpressionAttributeNames"]["#s"], request["ExpressionAttributeValues"][":s"]
        for item in self._newest_first(request):  # a page an item: what does not match leaves its page empty
            yield {"Items": [item] if item[name] == value else []}

    def update_item(self, Key: dict[str, Any], ConditionExpression: str, **request: Any) -> dict[str, Any]:
        item = self.items[Key["MODEL_FAMILY"]["S"], Key["RUN"]["S"]]
        assert ConditionExpression == "attribute_exists(SAGEMAKER_MODEL_NAME)" and "SAGEMAKER_MODEL_NAME" in item
        for assignment in request["UpdateExpression"].removeprefix("SET ").split(", "):
            name, value = assignment.split(" = ")
            item[name] = request["ExpressionAttributeValues"][value]
        return {}


class FakeAWS:
    """An account: `client` takes the place of boto3.client."""

    def __init__(self) -> None:
        self.s3 = FakeS3()
        self.dynamodb = FakeDynamoDB()

    def client(self, service: str) -> Any:
        return {"s3": self.s3, "dynamodb": self.dynamodb}[service]
