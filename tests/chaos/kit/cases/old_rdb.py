"""A node that restarts within one ping interval from an old RDB file never serves it.

Everything is written before the snapshot and again after it; then no more writes, only reads at
every level while the node is killed and comes back with the snapshot, again and again. What is
read has been on all replicas for seconds: an older answer is a violation at any level and time."""

import random

from kit.cases.stage import run_case
from kit.nemesis.node_faults import OldRdb

# One writer's worth of writes keeps old and new apart; most operations are reads.
_MIX = {"writes": 0.1, "one": 0.6, "mortal": 0.2}
_SETTINGS = (("PING_INTERVAL_SECONDS", 3),)


def old_rdb(folder, arguments, say):
    def play(stage):
        rng = random.Random(2)
        for redis in stage.cluster.redis:
            redis.take_snapshot()
        stage.pause(6)  # of writes that the snapshots do not know
        for node in (0, 1, 2, 3):
            fault = OldRdb(stage.cluster, rng, node)
            entry = stage.strike(fault)
            stage.heal(fault, entry)
            say(f"  old_rdb node {node}")
            stage.pause(2)
            stage.wait_up()

    return run_case(folder, arguments, say, play, mix=_MIX, keys=150, more_settings=_SETTINGS)
