"""Redis servers that die, freeze, stall and return under load: no request fails.

    redis_failures_test.py [--seconds N] [unittest arguments]

--seconds sets the length of the `hey` run (default 20).
"""

import sys
import threading
import time
import unittest

from harness.case import SystemCase
from harness.load import Hey, KeyLoad
from harness.waiting import wait_until

_hey_seconds = 20
# The default, which is what these tests prove; other tests are more patient.
_IN_TIME = {"REQUEST_TIMEOUT_MS": 1000}


class HeyTest(SystemCase):
    """The Redis servers keep nothing on disk: the killed one comes back empty. The keys read are
    written once, before; those written are others."""

    SYSTEM = {"gateway_settings": _IN_TIME}

    def test_kill_restart_freeze_and_thaw_cost_no_request(self):
        killed, frozen = self.system.redis[0], self.system.redis[1]
        loads = []
        for first, other in ((0, 1), (1, 0)):
            key = self.system.key_with_homes(first, others=[other], prefix="hey")
            self.assertEqual(self.rest.put_raw(key, b"before").status, 200)
            loads.append(("GET", key))
            loads.append(("PUT", self.system.key_with_homes(first, [other], prefix="hey-put")))
        self.settled_digests()
        begin = time.monotonic()
        loads = [Hey(method, self.system.gateway, key, _hey_seconds) for method, key in loads]
        for at, act in ((0.10, killed.kill), (0.35, killed.start), (0.60, frozen.freeze),
                        (0.85, frozen.thaw)):
            time.sleep(max(0, begin + at * _hey_seconds - time.monotonic()))
            act()
        outcomes = [load.finish() for load in loads]
        total = sum(outcomes[1:], outcomes[0])
        print(f"{sum(total.statuses.values())} answers in {_hey_seconds} s: {dict(total.statuses)}")
        self.assertEqual(total.failures, 0, outcomes)
        for outcome in outcomes:
            self.assertGreater(outcome.statuses[200], 20 * _hey_seconds, outcomes)
        self.system.server.wait_up()


class ManyKeysTest(SystemCase):
    """Many keys, each read back at once after it was written."""

    SYSTEM = {"durable": True, "gateway_settings": _IN_TIME}

    def check_absence(self, leave, come_back):
        """Nothing fails, and every read shows the last write: while a server is away, and when it
        is back, too."""
        with KeyLoad(self.system.gateway) as load:
            load.wait_for(200)
            leave()
            load.wait_for(400)
            come_back()
            self.system.server.wait_up()
            load.wait_for(200)
        self.assertEqual(load.stale[:5], [])
        self.assertEqual(load.failures[:5], [])

    def test_dead_server(self):
        redis = self.system.redis[0]
        self.check_absence(redis.kill, redis.start)

    def test_frozen_server(self):
        redis = self.system.redis[1]
        self.check_absence(redis.freeze, redis.thaw)

    def test_server_that_stalls_now_and_then(self):
        with KeyLoad(self.system.gateway) as load:
            for _ in range(5):
                load.wait_for(100)
                self.system.redis[2].call("DEBUG", "SLEEP", "0.3")
        self.assertEqual(load.stale[:5], [])
        self.assertEqual(load.failures[:5], [])

    def test_scripts_flushed(self):
        with KeyLoad(self.system.gateway) as load:
            for redis in self.system.redis:
                load.wait_for(50)
                redis.call("SCRIPT", "FLUSH")
            load.wait_for(100)
        self.assertEqual(load.failures[:5], [])
        self.assertEqual(load.stale[:5], [])

    def test_connections_cut(self):
        with KeyLoad(self.system.gateway) as load:
            for redis in self.system.redis * 2:
                load.wait_for(50)
                redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            load.wait_for(100)
            self.system.server.wait_up()
        self.assertEqual(load.failures[:5], [])

    def test_all_but_one_dead(self):
        with KeyLoad(self.system.gateway) as load:
            load.wait_for(100)
            for redis in self.system.redis[:3]:
                redis.kill()
                load.wait_for(100)
            for redis in self.system.redis[:3]:
                redis.start()
            self.system.server.wait_up()
            load.wait_for(100)
        self.assertEqual(load.stale[:5], [])
        self.assertEqual(load.failures[:5], [])


class ReturnedServerTest(SystemCase):
    SYSTEM = {"gateway_settings": _IN_TIME}

    def test_empty_server_is_no_miss_while_the_others_stall(self):
        first, *others = self.system.homes_of(b"k")
        self.grpc.put(b"k", b"v")
        self.settled_digests()
        first.kill()
        wait_until(lambda: self.system.server.nodes_up() == 3, "one node DOWN")
        first.start()
        self.system.server.wait_up()
        stalls = [threading.Thread(target=redis.call, args=("DEBUG", "SLEEP", "0.25"))
                  for redis in others]
        for stall in stalls:
            stall.start()
        time.sleep(0.05)
        got = self.grpc.get(b"k")
        for stall in stalls:
            stall.join()
        self.assertEqual((got.found, got.value), (True, b"v"))


class RefusingServerTest(SystemCase):
    """Redis servers that answer, but with errors."""

    SYSTEM = {"gateway_settings": _IN_TIME}

    def node(self, index):
        return self.grpc.status().nodes[index]

    def check(self, break_it, mend_it, reasons):
        with KeyLoad(self.system.gateway) as load:
            load.wait_for(100)
            break_it()
            wait_until(lambda: self.node(0).reason in reasons, f"one of {reasons}")
            load.wait_for(200)
            mend_it()
            self.system.server.wait_up()
            load.wait_for(100)
        self.assertEqual(load.stale[:5], [])
        self.assertEqual(load.failures[:5], [])

    def test_out_of_memory(self):
        redis = self.system.redis[0]
        self.check(lambda: redis.call("CONFIG", "SET", "maxmemory", "1"),
                   lambda: redis.call("CONFIG", "SET", "maxmemory", "0"), {"oom"})

    def test_without_permission(self):
        redis = self.system.redis[0]
        self.check(lambda: redis.call("ACL", "SETUSER", "default", "-evalsha", "-eval", "-set"),
                   lambda: redis.call("ACL", "SETUSER", "default", "+@all"), {"no_perm"})

    def test_without_replicas_of_its_own(self):
        redis = self.system.redis[0]
        lines = self.system.server.log.count("\n")
        self.check(lambda: redis.call("CONFIG", "SET", "min-replicas-to-write", "1"),
                   lambda: redis.call("CONFIG", "SET", "min-replicas-to-write", "0"),
                   {"no_replicas"})
        self.assertLess(self.system.server.log.count("\n") - lines, 20)

    def test_turned_into_a_replica(self):
        redis, other = self.system.redis[0], self.system.redis[1]
        self.check(lambda: redis.call("REPLICAOF", "127.0.0.1", str(other.port)),
                   lambda: redis.call("REPLICAOF", "NO", "ONE"), {"read_only", "not_a_master"})

    def test_busy_with_a_script(self):
        redis = self.system.redis[0]
        redis.call("CONFIG", "SET", "busy-reply-threshold", "50")
        with KeyLoad(self.system.gateway) as load:
            load.wait_for(100)
            connection = redis.connect(timeout=20)
            endless = threading.Thread(target=lambda: self.assertRaises(
                Exception, connection.call, "EVAL", "while true do end", "0"))
            endless.start()
            load.wait_for(200)
            redis.call("SCRIPT", "KILL")
            endless.join()
            connection.close()
            load.wait_for(100)
        self.assertEqual(load.failures[:5], [])


if __name__ == "__main__":
    if "--seconds" in sys.argv:
        at = sys.argv.index("--seconds")
        _hey_seconds = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    unittest.main()
