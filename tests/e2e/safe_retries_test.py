"""One write, one version: an attempt that was given up, and arrives late, undoes nothing.

The writes go the way that users take: through a gateway, which gives a coordinator up that does not
answer, and sends the write again through another one. KACHE_RETRY_ROUNDS sets the number of rounds.
"""

import concurrent.futures
import os
import time
import unittest

from harness import exposition
from harness.case import SystemCase
from harness.waiting import wait_until

ROUNDS = int(os.environ.get("KACHE_RETRY_ROUNDS", "3"))
KEYS = 30


class LateAttempts(SystemCase):
    """What all ways to be late have in common. `late` and `in_time` make coordinator 0 late, and end
    that."""

    def write_all(self, names, write):
        """Calls write(name) for each, together; all must be answered 200."""
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            answers = list(pool.map(write, names))
        self.assertEqual([answer.status for answer in answers], [200] * len(answers),
                         [answer.body for answer in answers if answer.status != 200][:1])

    def wait_for_both_coordinators(self):
        """Until the gateway sends operations to both again."""
        lanes = len(self.system.servers) * self.lanes()

        def open_streams():
            metrics = exposition.parse(self.system.gateway.metrics())
            return exposition.value(metrics, "kache_gateway_upstream_streams") >= lanes

        wait_until(open_streams, "the gateway has streams to both coordinators")

    @staticmethod
    def lanes():
        return max(1, (os.cpu_count() or 2) // 2)

    def wait_until_nothing_is_late(self):
        """Until what coordinator 0 still had to do has reached the Redis servers."""
        self.system.server.wait_up()
        self.settled_digests()

    def rounds_of(self, late, in_time, rounds=None, hold=0.0):
        undone = []
        for turn in range(rounds or ROUNDS):
            level = "quorum" if turn % 2 else "one"
            query = f"?consistency={level}"
            names = [f"{self.id()}-{turn}-{i}" for i in range(KEYS)]
            self.wait_for_both_coordinators()
            late()
            self.write_all(names, lambda name: self.rest.put_raw(name, b"first", query))
            deleted = set(names[::3])
            self.write_all(names, lambda name: self.rest.delete(name, query) if name in deleted
                           else self.rest.put_raw(name, b"second", query))
            time.sleep(hold)
            in_time()
            self.wait_until_nothing_is_late()
            for name in names:
                answer = self.rest.get(name, "?consistency=quorum")
                wanted = (404,) if name in deleted else (200, "second")
                seen = (answer.status,) if answer.status != 200 else (200, answer.json()["value"])
                if seen != wanted:
                    undone.append((name, level, wanted, seen))
        self.assertEqual(undone, [], "acknowledged newer writes were undone")


class FrozenCoordinatorTest(LateAttempts):
    SYSTEM = {"servers": 2}

    def test_a_coordinator_that_thaws_undoes_nothing(self):
        self.rounds_of(self.system.server.freeze, self.system.server.thaw)


class LongFreezeTest(LateAttempts):
    """Frozen for longer than MAX_WRITE_AGE: by then the tombstones may be dead."""

    SYSTEM = {"servers": 2, "server_settings": {
        "TOMBSTONE_TTL_SECONDS": 4, "MAX_WRITE_AGE_SECONDS": 1, "TRY_TIMEOUT_MS": 300}}

    def test_what_comes_after_the_tombstones_have_ended_is_refused(self):
        self.rounds_of(self.system.server.freeze, self.system.server.thaw, rounds=2, hold=5)


if __name__ == "__main__":
    unittest.main()
