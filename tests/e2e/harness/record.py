"""Kache's record as it stands in Redis (docs/architecture.md): a header and the value."""

import struct
import typing

DATA_PREFIX = b"kache:d:"


class Record(typing.NamedTuple):
    tombstone: bool
    timestamp: int
    clock: int
    expires_at_ms: int
    value: bytes


def decode(stored):
    magic, form, flags, timestamp, clock, expiry = struct.unpack(">HBBQQQ", stored[:28])
    assert magic == 0x4BAC and form == 1, stored[:28]
    return Record(bool(flags & 1), timestamp, clock, expiry, stored[28:])


def encode(record):
    """As a coordinator would have written it; any hash will do."""
    return struct.pack(">HBBQQQ", 0x4BAC, 1, int(record.tombstone), record.timestamp, record.clock,
                       record.expires_at_ms) + record.value


def read(redis, key):
    """The record of a user's key on one Redis server; None when there is none."""
    stored = redis.call("GET", DATA_PREFIX + key)
    return None if stored is None else decode(stored)
