"""All coordinators are restarted while a node is away or refilling: nobody that is left saw the
absence, and still nothing stale is read.

Four ways: the node loses what it held, to an old snapshot or to FLUSHALL, while no coordinator
runs; it is away when they start and comes back from its snapshot; it is refilling when they die."""

import random

from kit.cases.stage import run_case
from kit.load.filler import fill
from kit.nemesis.coordinator_faults import AllCoordinators
from kit.nemesis.node_faults import FlushAll, OldRdb, RestartEmpty

_FILLERS = 30_000
# Mostly reads that repair nothing: what a node has lost stays lost long enough to be seen.
_MIX = {"writes": 0.15, "one": 0.9, "mortal": 0.1}


class _AllKilled(AllCoordinators):
    def strike(self):
        for coordinator in self.cluster.coordinators:
            coordinator.kill()


def all_restarted(folder, arguments, say):
    def play(stage):
        fill(stage.cluster.addresses[0], _FILLERS)
        for redis in stage.cluster.redis:
            redis.take_snapshot()
        stage.pause(9)  # of writes that the snapshots do not know, and that have settled
        for node, (name, way) in enumerate(_WAYS.items()):
            say(f"  all coordinators killed; node {node} {name}")
            way(stage, node)
            stage.wait_up(90)
            stage.pause(3)

    return run_case(folder, arguments, say, play, mix=_MIX, rate=600)


def _lost_meanwhile(kind):
    def way(stage, node):
        killed, loss = _faults(stage, node, kind)
        dead = stage.strike(killed)
        lost = stage.strike(loss)
        stage.heal(loss, lost)
        stage.heal(killed, dead)
    return way


def _away_at_the_start(stage, node):
    killed, loss = _faults(stage, node, OldRdb)
    lost = stage.strike(loss)
    stage.wait_state(node, ("DOWN",))
    stage.pause(1)
    dead = stage.strike(killed)
    stage.heal(killed, dead)
    stage.wait_state(node, ("DOWN",))
    stage.heal(loss, lost)


def _refilling(stage, node):
    killed, loss = _faults(stage, node, RestartEmpty)
    lost = stage.strike(loss)
    stage.heal(loss, lost)
    stage.wait_state(node, ("SYNCING",))
    dead = stage.strike(killed)
    stage.heal(killed, dead)


def _faults(stage, node, kind):
    rng = random.Random(node)
    return _AllKilled(stage.cluster, rng, 0), kind(stage.cluster, rng, node)


_WAYS = {
    "from an old snapshot": _lost_meanwhile(OldRdb),
    "flushed": _lost_meanwhile(FlushAll),
    "away at their start": _away_at_the_start,
    "refilling": _refilling,
}
