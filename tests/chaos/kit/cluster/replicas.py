"""What every home replica of every key holds, read from the Redis servers themselves.

A replica is a dict {node, state, version, value, expires_at_ms, tombstone, ends_at_ms}; `state` is
"record", "nothing" or "unreadable"; `value` the id of the value, None in a tombstone; `ends_at_ms` is
the key's end in Redis, -1 for none.
"""

from harness import node_ids, record
from kit.cluster.nodes import NODE_OF_ID
from kit.history.operation import version_of
from kit.load.generator import from_bytes


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
        connections = [redis.connect() for redis in self._cluster.redis]
        try:
            return {
                key: [_read(connections[node], node, key.encode()) for node in homes]
                for key, homes in self.homes.items()
            }
        finally:
            for connection in connections:
                connection.close()


def _read(connection, node, key):
    stored = connection.call("GET", record.DATA_PREFIX + key)
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
        "ends_at_ms": connection.call("PEXPIRETIME", record.DATA_PREFIX + key),
    }
