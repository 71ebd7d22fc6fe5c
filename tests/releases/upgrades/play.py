"""One upgrade, or the way back, under load: processes are replaced one by one, and between two of them,
while both releases run, nodes and coordinators fail."""

import random

from kit.cases.stage import Stage
from kit.checker import floors
from kit.nemesis.coordinator_faults import CoordinatorKill
from kit.nemesis.node_faults import CutOne, FlushAll, Freeze, Kill, OldRdb, Refuse, RestartEmpty
from kit.round import Round
from kit.scenario import Scenario
from upgrades.replacing import ReplaceCoordinator, ReplaceGateway

_NODE_FAULTS = (RestartEmpty, Freeze, FlushAll, Refuse, OldRdb, CutOne, Kill)
_FAULTS_AFTER_EACH = 2


def play(folder, before, after, gateways_first, arguments, say):
    """The verdict. `before`, `after`: the releases."""
    part = Round(folder, Scenario(seed=arguments.seed, rate=arguments.rate), quiet_seconds=5,
                 floors=floors.CASE, say=say)
    cluster = part.cluster
    for process in (*cluster.coordinators, *cluster.gateways):
        before.take(process)
    return part.run(lambda _: _replace_all(Stage(part), after, gateways_first, arguments.seed, say))


def _replace_all(stage, after, gateways_first, seed, say):
    cluster = stage.cluster
    rng = random.Random(seed)
    faults = _faults(rng)
    for redis in cluster.redis:
        redis.take_snapshot()
    coordinators = [(ReplaceCoordinator, i) for i in range(len(cluster.coordinators))]
    gateways = [(ReplaceGateway, i) for i in range(len(cluster.gateways))]
    for kind, target in gateways + coordinators if gateways_first else coordinators + gateways:
        say(f"  {kind.NAME} {target} by the {after.name} release")
        _stage(stage, kind(cluster, after, target), 0.5)
        for _ in range(_FAULTS_AFTER_EACH):
            kind_of_fault = next(faults)
            target = rng.randrange(len(
                cluster.coordinators if kind_of_fault is CoordinatorKill else cluster.redis))
            say(f"    {kind_of_fault.NAME} {target}")
            _stage(stage, kind_of_fault(cluster, rng, target), rng.uniform(0.3, 3.0))
            if kind_of_fault is OldRdb:
                cluster.redis[target].take_snapshot()


def _faults(rng):
    while True:
        kinds = [*_NODE_FAULTS, CoordinatorKill]
        rng.shuffle(kinds)
        yield from kinds


def _stage(stage, fault, seconds):
    entry = stage.strike(fault)
    stage.pause(seconds)
    stage.heal(fault, entry)
    stage.pause(2 * stage.cluster.ping_seconds)  # to be noticed
    stage.wait_up()
