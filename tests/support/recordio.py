"""RecordIO of SageMaker's protobuf records, written and read apart from the server's own code."""

from __future__ import annotations

import struct

MAGIC = 0xCED7230A


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def floats(values: list[float]) -> bytes:
    return field(1, struct.pack(f"<{len(values)}f", *values))


def entry(number: int, name: str, tensor: bytes) -> bytes:
    return field(number, field(1, name.encode()) + field(2, field(2, tensor)))


def record(features: list[float], label: float | None = None) -> bytes:
    """Dense."""
    return framed(entry(1, "values", floats(features)) + (b"" if label is None else entry(2, "values", floats([label]))))


def sparse_record(features: dict[int, float], width: int, label: float | None = None) -> bytes:
    keys = b"".join(varint(key) for key in features)
    tensor = floats(list(features.values())) + field(2, keys) + field(3, varint(width))
    return framed(entry(1, "values", tensor) + (b"" if label is None else entry(2, "values", floats([label]))))


def framed(message: bytes) -> bytes:
    return struct.pack("<II", MAGIC, len(message)) + message + b"\0" * (-len(message) % 4)


def fields(message: bytes) -> list[tuple[int, bytes]]:
    """Of a message that holds nothing but what field() writes."""
    out, at = [], 0

    def take_varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag, length = take_varint(), take_varint()
        assert tag & 7 == 2
        out.append((tag >> 3, message[at : at + length]))
        at += length
    return out


def labels(content: bytes) -> list[dict[str, list[float]]]:
    """The label map of each record."""
    out, at = [], 0
    while at < len(content):
        magic, length = struct.unpack_from("<II", content, at)
        assert magic == MAGIC
        found = {}
        for number, one in fields(content[at + 8 : at + 8 + length]):
            assert number == 2
            parts = dict(fields(one))
            values = dict(fields(dict(fields(parts[2]))[2]))[1]
            found[parts[1].decode()] = list(struct.unpack(f"<{len(values) // 4}f", values))
        out.append(found)
        at += 8 + length + -length % 4
    return out
