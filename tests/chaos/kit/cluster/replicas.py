"""What every home replica of every key holds, read from the Redis servers themselves.

A replica is a dict {node, state, version, value, expires_at_ms, tombstone, ends_at_ms}; `state` is
"record", "nothing" or "unreadable"; `value` the id of the value, None in a tombstone; `ends_at_ms` is
the key's end in Redis, -1 for none.
"""

import collections

from harness import node_ids, record
from kit.cluster.nodes import NODE_OF_ID
from kit.history.operation import version_of
from kit.load.generator import from_bytes


_BATCH = 500
# The value and the end of each key; nothing where it is no string.
_READ = """
local found = {}
for _, key in ipairs(KEYS) do
  local value = redis.pcall('GET', key)
  found[#found + 1] = type(value) == 'string' and value or false
  found[#found + 1] = redis.call('PEXPIRETIME', key)
end
return found
"""


class ReplicaReader:
    """`homes`, places in cluster.redis, are those of the ring's second implementation: no coordinator
    is asked."""

    def __init__(self, cluster, keys):
        self._cluster = cluster
        count = cluster.scenario.home_replicas
        self.homes = {
            key: [NODE_OF_ID[node] for node in node_ids.placement_of(
                key.encode(), cluster.names)[:count]] for key in keys}

    def read(self):
        """{key: [replica, ...]}"""
        keys = collections.defaultdict(list)  # by node
        for key, homes in self.homes.items():
            for node in homes:
                keys[node].append(key)
        held = {node: _read(self._cluster.redis[node], node, keys[node]) for node in keys}
        return {key: [held[node][key] for node in homes] for key, homes in self.homes.items()}


def _read(redis, node, keys):
    """{key: replica}"""
    replicas, connection = {}, redis.connect(timeout=30)
    for at in range(0, len(keys), _BATCH):
        batch = keys[at:at + _BATCH]
        names = [record.DATA_PREFIX + key.encode() for key in batch]
        found = connection.call("EVAL", _READ, len(names), *names)
        for key, stored, ends in zip(batch, found[::2], found[1::2], strict=True):
            replicas[key] = _replica(node, stored, ends)
    connection.close()
    return replicas


def _replica(node, stored, ends_at_ms):
    replica = {"node": node, "state": "nothing", "version": 0, "value": None,
               "expires_at_ms": 0, "tombstone": False, "ends_at_ms": 0}
    if stored is None:
        return replica
    try:
        held = record.decode(stored)
    except Exception:  # noqa: BLE001 - whatever it is, it is no record
        return replica | {"state": "unreadable"}
    return replica | {
        "state": "record", "version": version_of(held.timestamp, held.clock),
        "value": None if held.tombstone else from_bytes(held.value),
        "expires_at_ms": held.expires_at_ms, "tombstone": held.tombstone,
        "ends_at_ms": ends_at_ms,
    }
