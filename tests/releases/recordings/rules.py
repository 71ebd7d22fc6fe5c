"""How release 45cd15e reads bookkeeping and records, taken from its sources. A later release is held
against these rules without the program of 45cd15e. Each rule raises Unreadable.

    marker         server/recovery/marker.cc: nine fields
    coordinators, missed, resync, sweep, forsaken, the leases
                   server/recovery/look.cc, server/replication/missed_note.cc
    a record       server/replication/record.cc
"""

import re
import struct

_BOOKKEEPING = b"kache:m:"
_DATA = b"kache:d:"
# It never asks for these keys of later releases.
_UNKNOWN = {"heartbeats", "members", "not-whole", "lost-coordinators"}
_UNKNOWN_BEGINNINGS = ("hints:", "hints-taken:")


class Unreadable(Exception):
    pass


def read(key, value):
    """`value`: bytes of a string, or {field: value} of a hash, as bytes."""
    if key.startswith(_DATA):
        return read_record(value)
    name = key.removeprefix(_BOOKKEEPING).decode()
    if name in _UNKNOWN or name.startswith(_UNKNOWN_BEGINNINGS):
        return None
    if name not in _RULES:
        raise Unreadable(f"{name}: it knows no such key")
    kind, rule = _RULES[name]
    if not isinstance(value, kind):
        raise Unreadable(f"{name} is no {kind.__name__}")
    if kind is bytes:
        return rule(value.decode())
    return [rule(field.decode(), each.decode()) for field, each in value.items()]


def read_marker(text):
    fields = text.split(" ")
    if len(fields) != 9 or not all(fields):
        raise Unreadable(f"a marker of {len(fields)} fields: {text}")
    magic, state, ring, _run_id, _name, *numbers, _sources = fields
    if magic != "kache1" or state not in ("whole", "syncing"):
        raise Unreadable(f"not a marker: {text}")
    _wants(r"[0-9a-f]{16}", ring)
    return [_number(number) for number in numbers]  # sync, since, away


def read_heartbeat(coordinator, value):
    """It ignores other forms, and takes the coordinator for a dead one."""
    _coordinator(coordinator)
    return [_number(part) for part in _parts(value, 3)]  # at, interval, settled


def read_hint(field, value):
    node, coordinator = _parts(field, 2)
    _coordinator(coordinator)
    if not node:
        raise Unreadable(f"a hint about no node: {field}")
    return [_number(part) for part in _parts(value, 2)]  # number, since


def read_progress(field, value):
    """It knows fields by their names, and ignores others."""
    return _number(value) if field in ("done", "left", "per_second") else None


def read_sweep(field, value):
    if field == "cursor" and value == "":
        return None
    return _number(value) if field in ("swept", "due", "cursor") else None


def read_forsaken(name, value):
    return _number(value)


def read_record(stored):
    if len(stored) < 28 or stored[:2] != b"\x4b\xac":
        raise Unreadable(f"a foreign value: {stored[:28]}")
    if stored[2] != 1:
        raise Unreadable(f"a record of format {stored[2]}: it reads as FAILED_PRECONDITION")
    return struct.unpack(">BQQQ", stored[3:28])


def _parts(text, count):
    parts = text.split(" ")
    if len(parts) != count:
        raise Unreadable(f"{len(parts)} parts, not {count}: {text}")
    return parts


def _coordinator(text):
    _wants(r"[0-9a-f]{16}", text)


def _number(text):
    _wants(r"-?\d{1,19}", text)
    return int(text)


def _wants(pattern, text):
    if not re.fullmatch(pattern, text):
        raise Unreadable(f"{text!r} is not {pattern}")


_RULES = {
    "marker": (bytes, read_marker),
    "ring": (bytes, str),
    "coordinators": (dict, read_heartbeat),
    "missed": (dict, read_hint),
    "resync-lease": (bytes, _coordinator),
    "resync": (dict, read_progress),
    "forsaken": (dict, read_forsaken),
    "sweep-lease": (bytes, _coordinator),
    "sweep": (dict, read_sweep),
    "probe": (bytes, str),
}
