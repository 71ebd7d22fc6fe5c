"""A coordinator that is killed in the middle of a resync: another one finishes it.

Whoever resyncs, it is killed once: each coordinator in turn, while a node that came back empty is
SYNCING, and it stays away until the others call the node UP."""

import random
import time

from kit.cases.stage import run_case
from kit.load.filler import fill
from kit.nemesis.coordinator_faults import CoordinatorKill
from kit.nemesis.node_faults import RestartEmpty

_FILLERS = 60_000
_COMPARED = 300  # of them, in the end
_SECONDS = 90


def resync_killed(folder, arguments, say):
    def play(stage):
        names = fill(stage.cluster.addresses[0], _FILLERS)
        stage.compared += names[::_FILLERS // _COMPARED]
        for coordinator in range(len(stage.cluster.coordinators)):
            _kill(stage, coordinator, say)

    return run_case(folder, arguments, say, play, rate=300)


def _kill(stage, coordinator, say):
    node = coordinator % len(stage.cluster.redis)
    rng = random.Random(coordinator)
    loss = RestartEmpty(stage.cluster, rng, node)
    kill = CoordinatorKill(stage.cluster, rng, coordinator)
    others = [c for c in range(len(stage.cluster.coordinators)) if c != coordinator]
    lost = stage.strike(loss)
    stage.heal(loss, lost)
    stage.wait_state(node, ("SYNCING",), others[0])
    killed = stage.strike(kill)
    begin = time.monotonic()
    for other in others:
        stage.wait_state(node, ("UP",), other, _SECONDS)
    seconds = time.monotonic() - begin
    say(f"  coordinator {coordinator} killed: node {node} UP after {seconds:.1f} s")
    stage.heal(kill, killed)
    stage.wait_up()
