"""Copies that only a coordinator knew of that was killed: the sweep brings them.

The way of coordinator 0 to one node is cut silently. It acknowledges writes at ONE as the first home replica
has them, and is killed while the copies for that node are still on their way; these are lost. Nobody saw
the node away, and nobody reads the keys."""

import random

from kit.cases.stage import run_case
from kit.cluster.replicas import ReplicaReader
from kit.history.operation import ONE, QUORUM
from kit.load.teller import Teller
from kit.nemesis.coordinator_faults import CoordinatorKill
from kit.nemesis.node_faults import CutOne

_KEYS = 60  # of which those are written whose second or third home replica is the node


class _LosingCut(CutOne):
    """What coordinator 0 sends to the node does not arrive, then or later."""
    NAME = "losing_cut"

    def __init__(self, cluster, target):
        super().__init__(cluster, random.Random(target), target)
        self.coordinators = [0]

    def strike(self):
        self.cluster.proxies[0].cut(self.target)

    def heal(self):
        self.cluster.proxies[0].reset(self.target)
        self.cluster.proxies[0].heal(self.target)


def lost_copies(folder, arguments, say):
    def play(stage):
        with Teller(folder, stage.cluster.addresses, process=80) as teller:
            for node in range(len(stage.cluster.redis)):
                _stage(stage, teller, node)
                say(f"  coordinator 0 was killed before node {node} had its copies")

    return run_case(folder, arguments, say, play, rate=200, keys=50)


def _stage(stage, teller, node):
    names = [f"copies-{node}-{i}" for i in range(_KEYS)]
    homes = ReplicaReader(stage.cluster, names).homes
    keys = [name for name in names if node in homes[name][1:]]
    stage.keys += keys
    teller.put_all(1, QUORUM, keys, "before")
    stage.pause(0.5)  # the background replicas
    cut, kill = _LosingCut(stage.cluster, node), CoordinatorKill(stage.cluster, random.Random(0), 0)
    lost = stage.strike(cut)
    teller.put_all(0, ONE, keys, "after")
    killed = stage.strike(kill)
    stage.heal(cut, lost)
    stage.heal(kill, killed)
    stage.wait_up()
