"""deploy/kubernetes/redis-pod.sh, by which Kubernetes sees Redis servers as Kache does: beside real
Redis servers and a kache-server, which is asked nothing."""

import os
import subprocess
import time
import unittest

from harness import exposition, paths
from harness.redis_server import RedisServer
from harness.system import System
from harness.waiting import wait_until

SCRIPT = paths.ROOT / "deploy" / "kubernetes" / "redis-pod.sh"
# Slow enough to be met half way.
RESYNC_KEYS_PER_SECOND = 200
KEYS = 2000


def script(redis, verb, environment=None, wait=True):
    options = f"-p {redis.port} {(environment or {}).get('REDIS_CLI_OPTIONS', '')}"
    process = subprocess.Popen(
        ["sh", SCRIPT, verb], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, **(environment or {}), "REDIS_CLI_OPTIONS": options})
    if not wait:
        return process
    output, _ = process.communicate(timeout=60)
    return process.returncode, output.strip()


def is_ready(redis, environment=None):
    return script(redis, "ready", environment)[0] == 0


class RedisPodTest(unittest.TestCase):
    def setUp(self):
        self.system = System(gateways=0, names=[f"cache-{i}" for i in range(4)],
                             server_settings={"RESYNC_KEYS_PER_SECOND": RESYNC_KEYS_PER_SECOND})
        self.addCleanup(self.system.close)
        self.system.start()
        self.redis = self.system.redis

    def fill(self):
        client = self.system.grpc()
        for i in range(KEYS):
            client.put(f"key-{i}".encode(), b"value")

    def restart_empty(self, redis):
        redis.kill()
        redis.start()

    def test_all_are_ready_once_kache_has_started(self):
        for redis in self.redis:
            wait_until(lambda redis=redis: is_ready(redis), f"{redis.name} is ready")

    def test_a_server_that_lost_its_memory_is_ready_when_it_is_whole_again(self):
        self.fill()
        lost = self.redis[1]
        self.restart_empty(lost)
        self.assertFalse(is_ready(lost))
        wait_until(lambda: lost.call("EXISTS", "kache:m:resync-lease"), "the resync has begun")
        code, output = script(lost, "ready")
        self.assertEqual((code, output),
                         (1, "Kache is bringing this Redis process what it lacks"))
        wait_until(lambda: is_ready(lost), "it is ready")
        self.assertTrue(lost.call("GET", "kache:m:marker").startswith(b"kache1 whole "))
        # Its copies are there, not only its marker.
        self.assertGreater(lost.call("DBSIZE"), KEYS / 2)

    def test_a_server_waits_for_the_others_before_it_stops(self):
        self.fill()
        self.restart_empty(self.redis[1])
        wait_until(lambda: self.redis[0].call("EXISTS", "kache:m:not-whole"), "that is noted")
        stopping = script(self.redis[0], "stop", wait=False)
        wait_until(lambda: stopping.poll() is not None, "it stops")
        self.assertEqual(stopping.returncode, 0)
        self.assertEqual(script(self.redis[1], "ready"), (0, ""), self.system.servers[0].log[-4000:])

    def test_a_server_stops_at_once_when_all_others_are_whole(self):
        for redis in self.redis:
            wait_until(lambda redis=redis: not redis.call("EXISTS", "kache:m:not-whole"), "whole")
        begin = time.monotonic()
        self.assertEqual(script(self.redis[0], "stop"), (0, ""))
        self.assertLess(time.monotonic() - begin, 10)

    def test_a_server_waits_for_no_longer_than_it_is_told(self):
        self.redis[1].kill()
        wait_until(lambda: self.redis[0].call("EXISTS", "kache:m:not-whole"), "that is noted")
        begin = time.monotonic()
        self.assertEqual(script(self.redis[0], "stop", {"STOP_WAIT_SECONDS": "3"}), (0, ""))
        self.assertGreaterEqual(time.monotonic() - begin, 2)
        self.redis[1].start()


class DrainTest(unittest.TestCase):
    """Every Redis server goes and comes back empty, the next one as soon as all are ready: then a
    disruption budget lets it go. Nobody asks Kache how it is."""

    KEYS = [f"key-{i}".encode() for i in range(KEYS)]

    def setUp(self):
        self.system = System(servers=2, gateways=0, names=[f"cache-{i}" for i in range(4)],
                             server_settings={"RESYNC_KEYS_PER_SECOND": RESYNC_KEYS_PER_SECOND})
        self.addCleanup(self.system.close)
        self.system.start()
        self.client = self.system.grpc()
        for key in self.KEYS:
            self.client.put(key, b"value", consistency=self.client.pb.CONSISTENCY_QUORUM)

    def drain(self, ready):
        for redis in self.system.redis:
            for each in self.system.redis:
                wait_until(lambda each=each: ready(each), f"{each.name} is ready", pause=0.2)
            redis.kill()
            redis.start()
        for server in self.system.servers:
            server.wait_up()

    def lost(self):
        quorum = self.client.pb.CONSISTENCY_QUORUM
        return sum(not self.client.get(key, consistency=quorum).found for key in self.KEYS)

    def losses_told(self):
        metrics = [exposition.parse(server.metrics()) for server in self.system.servers]
        return [each.total("kache_recovery_data_losses_total") for each in metrics]

    def test_nothing_is_lost_when_ready_means_whole(self):
        self.drain(is_ready)
        self.assertEqual(self.lost(), 0)
        self.assertEqual(self.losses_told(), [0, 0])
        for server in self.system.servers:
            self.assertNotIn("data lost", server.log)

    def test_what_is_lost_when_ready_means_running_is_told_of(self):
        self.drain(lambda redis: redis.call("PING"))
        self.assertGreater(self.lost(), 0)
        # A coordinator confirms it by a further inspection of each node.
        wait_until(lambda: all(told > 0 for told in self.losses_told()), "all tell of it")
        for server in self.system.servers:
            self.assertIn("data lost: every home replica of these keys lost its memory", server.log)


class RedisPodAloneTest(unittest.TestCase):
    """What the script says of a Redis server that Kache has not seen."""

    def start(self, *options):
        redis = RedisServer("redis-alone", options=options)
        self.addCleanup(redis.kill)
        return redis

    def mark(self, redis, state="whole", run_id=None, names="cache-0"):
        run_id = run_id or redis.call("INFO", "server").decode().split("run_id:")[1][:40]
        redis.call("SET", "kache:m:marker",
                   f"kache1 {state} 00000000000000ff {run_id} {names} 12 1000 0 arcs")

    def test_no_marker(self):
        redis = self.start().start()
        self.assertEqual(script(redis, "ready"),
                         (1, "Kache has not taken this Redis process into use yet"))

    def test_a_marker_that_means_another_process(self):
        redis = self.start().start()
        self.mark(redis, run_id="0" * 40)
        self.assertEqual(script(redis, "ready"),
                         (1, "Kache has not taken this Redis process into use yet"))
        self.mark(redis)
        self.assertEqual(script(redis, "ready"), (0, ""))
        self.mark(redis, state="syncing")
        self.assertFalse(is_ready(redis))

    def test_no_redis(self):
        redis = self.start()
        code, output = script(redis, "ready")
        self.assertEqual(code, 1)
        self.assertIn("Connection refused", output)
        self.assertEqual(script(redis, "stop")[0], 0)

    def test_itself_is_not_waited_for(self):
        redis = self.start().start()
        self.mark(redis, state="syncing")
        redis.call("SET", "kache:m:not-whole", "cache-0")
        self.assertEqual(script(redis, "stop"), (0, ""))
        redis.call("SET", "kache:m:not-whole", "cache-0 cache-1", "PX", 1500)
        begin = time.monotonic()
        self.assertEqual(script(redis, "stop"), (0, ""))
        self.assertGreaterEqual(time.monotonic() - begin, 1)

    def test_a_password(self):
        redis = self.start()
        redis.command += ["--requirepass", "secret"]
        redis._password = "secret"
        redis.start()
        self.mark(redis)
        redis.call("SET", "kache:m:not-whole", "cache-1")
        self.assertEqual(script(redis, "ready"),
                         (1, "Redis does not tell its run_id: NOAUTH Authentication required."))
        self.assertEqual(script(redis, "stop"), (0, ""))  # rather than wait for what is no node
        self.assertTrue(is_ready(redis, {"REDISCLI_AUTH": "secret"}))

    def test_an_acl_and_a_prefix(self):
        redis = self.start().start()
        self.mark(redis)
        redis.call("COPY", "kache:m:marker", "other:m:marker")
        redis.call("DEL", "kache:m:marker")
        redis.call("ACL", "SETUSER", "probe", "on", ">word", "+get", "+info", "~*")
        environment = {"KEY_PREFIX": "other:", "REDISCLI_AUTH": "word",
                       "REDIS_CLI_OPTIONS": "--user probe"}
        self.assertTrue(is_ready(redis, environment))
        self.assertFalse(is_ready(redis, {**environment, "KEY_PREFIX": "kache:"}))


if __name__ == "__main__":
    unittest.main()
