"""The keys of Kache on one node, as JSON that people can read and compare, and back into Redis.

    {"kache:m:marker": {"text": "kache1 whole ... {run_id cache-a} cache-a {-5120} {-5120} 0 arcs"},
     "kache:m:missed": {"fields": {"cache-b 5e4f3a2b1c0d9e8f": "1 {-2034}"}},
     "kache:m:hints:cache-b": {"members": ["kkey-1", "n5e4f3a2b1c0d9e8f"]},
     "kache:d:key-1": {"record": {...}, "ends": 58000}}

Keys are percent-encoded. `ends`: when Redis drops the key, in milliseconds from the recording. Texts
have their instants as instants.py says; a record is told by its fields: `stamped` and `expires` count
from the recording, too (expires null = never). Only forms that give back the same bytes are accepted.
"""

import base64
import struct
import urllib.parse

from recordings import instants

BOOKKEEPING = "kache:m:"
_DATA = "kache:d:"
_HEADER = struct.Struct(">HBBQQQ")
_MAGIC = 0x4BAC


def take(redis, now_ms, run_ids):
    """`run_ids`: {node's name: run_id} of all nodes."""
    return {shown_key(key): _entry(redis, key, now_ms, run_ids) for key in redis.call("KEYS", "kache:*")}


def put_back(redis, entries, now_ms, run_ids):
    """As if `now_ms` were the moment of the recording."""
    connection = redis.connect()
    for name, entry in entries.items():
        key = key_of(name)
        if "fields" in entry:
            for field, value in entry["fields"].items():
                connection.call("HSET", key, field, instants.absolute(value, now_ms, run_ids))
        elif "members" in entry:
            connection.call("SADD", key, *(instants.absolute(member, now_ms, run_ids)
                                           for member in entry["members"]))
        elif "record" in entry:
            connection.call("SET", key, encode_record(entry["record"], now_ms))
        else:
            connection.call("SET", key, instants.absolute(entry["text"], now_ms, run_ids))
        if "ends" in entry:
            connection.call("PEXPIREAT", key, now_ms + entry["ends"])
    connection.close()


def decode_record(stored, now_ms):
    _, form, flags, timestamp, clock, expires = _HEADER.unpack_from(stored)
    record = {
        "format": form, "flags": flags,
        "stamped": (timestamp >> 16) - now_ms, "counter": timestamp & 0xFFFF,
        "clock": f"{clock:016x}", "expires": expires - now_ms if expires else None,
        **encode_value(stored[_HEADER.size:]),
    }
    assert encode_record(record, now_ms) == stored, record
    return record


def encode_record(record, now_ms):
    expires = 0 if record["expires"] is None else now_ms + record["expires"]
    return _HEADER.pack(
        _MAGIC, record["format"], record["flags"],
        (now_ms + record["stamped"]) << 16 | record["counter"], int(record["clock"], 16),
        expires) + decode_value(record)


def encode_value(value):
    """{"text": ...} where that can be read, else {"base64": ...}."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\0"
    return {"text": text} if text.isprintable() else {"base64": base64.b64encode(value).decode()}


def decode_value(shown):
    return shown["text"].encode() if "text" in shown else base64.b64decode(shown["base64"])


def shown_key(key):
    return urllib.parse.quote_from_bytes(key, safe=":/ ")


def key_of(shown):
    return urllib.parse.unquote_to_bytes(shown)


def _entry(redis, key, now_ms, run_ids):
    kind = redis.call("TYPE", key)
    if kind == "hash":
        flat = [part.decode() for part in redis.call("HGETALL", key)]
        entry = {"fields": {field: instants.relative(value, now_ms, run_ids)
                            for field, value in zip(flat[::2], flat[1::2])}}
    elif kind == "set":
        entry = {"members": sorted(instants.relative(member.decode(), now_ms, run_ids)
                                   for member in redis.call("SMEMBERS", key))}
    elif kind == "string" and key.startswith(_DATA.encode()):
        entry = {"record": decode_record(redis.call("GET", key), now_ms)}
    else:
        assert kind == "string", (key, kind)
        entry = {"text": instants.relative(redis.call("GET", key).decode(), now_ms, run_ids)}
    ends = redis.call("PEXPIRETIME", key)
    return entry | ({"ends": ends - now_ms} if ends > 0 else {})
