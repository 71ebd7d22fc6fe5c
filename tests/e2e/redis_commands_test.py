"""What Kache asks of the Redis servers, seen by MONITOR: one command for each copy of a write, one
command in all for a read."""

import re
import unittest

from harness.case import UNHURRIED, SystemCase
from harness.waiting import wait_until

# A script's inner calls come from "lua"; pings and the like are no part of an operation.
_LINE = re.compile(r'^[\d.]+ \[\d+ ([^\]]+)\] "([^"]+)"')
_UPKEEP = {"PING", "INFO", "HELLO", "CLIENT", "SCRIPT", "AUTH", "SELECT", "DEBUG", "ROLE", "CONFIG",
           "EVAL"}  # EVAL: the tests' own


class Monitor:
    def __init__(self, redis):
        self._connection = redis.connect(timeout=10)
        assert self._connection.call("MONITOR") == "OK"
        self._redis = redis

    def commands(self):
        """All commands so far that came from Kache's data path."""
        self._redis.call("ECHO", "end of the test")
        found = []
        while True:
            line = self._connection.read()
            if '"ECHO" "end of the test"' in line:
                return found
            client, command = _LINE.match(line).groups()
            # Kache's own bookkeeping: once in a ping interval. A write may name the marker, too.
            if '"kache:m:' in line and '"kache:d:' not in line:
                continue
            if client != "lua" and command.upper() not in _UPKEEP:
                found.append(command.upper())

    def close(self):
        self._connection.close()


class CommandsTest(SystemCase):
    SYSTEM = {"server_settings": UNHURRIED}

    def watch(self):
        monitors = [Monitor(redis) for redis in self.system.redis]
        for monitor in monitors:
            self.addCleanup(monitor.close)
        return lambda: [monitor.commands() for monitor in monitors]

    def of_key(self, key, by_redis):
        """The commands of each Redis server, in the order of the key's preference list."""
        order = [self.system.redis_of(r.node_id) for r in self.grpc.locate(key).replicas]
        return [by_redis[self.system.redis.index(redis)] for redis in order]

    def test_put_is_one_command_for_each_replica(self):
        self.grpc.put(b"warm", b"v")
        self.settled_digests()
        commands = self.watch()
        self.rest.put_json("k", {"value": "v", "ttl": 60})
        self.settled_digests()
        self.assertEqual(self.of_key(b"k", commands()), [["EVALSHA"]] * 3 + [[]])

    def test_delete_is_one_command_for_each_replica(self):
        commands = self.watch()
        self.rest.delete("k")
        self.settled_digests()
        self.assertEqual(self.of_key(b"k", commands()), [["EVALSHA"]] * 3 + [[]])

    def test_get_is_one_command_in_all(self):
        self.rest.put_raw("present", b"v")
        self.settled_digests()
        for key, status in (("present", 200), ("missing", 404)):
            commands = self.watch()
            self.assertEqual(self.rest.get(key).status, status)
            self.assertEqual(self.of_key(key.encode(), commands()), [["GET"], [], [], []])

    def test_batches_cost_no_more_than_single_keys(self):
        keys = [f"batch-{i}" for i in range(30)]
        commands = self.watch()
        self.rest.post("batchPut", {"entries": [{"key": key, "value": key} for key in keys]})
        wait_until(lambda: self.settled_digests(), "all copies")
        self.assertLessEqual(sum(map(len, commands())), 90)
        commands = self.watch()
        self.rest.post("batchGet", {"keys": keys})
        reads = sum(commands(), [])
        self.assertEqual(set(reads), {"MGET"})
        self.assertLess(len(reads), 30)


if __name__ == "__main__":
    unittest.main()
