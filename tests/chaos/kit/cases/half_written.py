"""What a QUORUM read has shown, the next one shows: a write that reached one node alone is made equal on a
majority before it is answered.

A coordinator that sees one home replica only writes there, at ONE. A second one reads at QUORUM, and has
to repair. Then that one loses sight of the node with the write: what it reads again must be the same."""

import random

from kit.cases.stage import run_case
from kit.history.operation import ONE, QUORUM
from kit.load.teller import Teller
from kit.nemesis.node_faults import CutOne

_KEYS = 4  # for each node: done before anybody has pinged and fenced what one coordinator can't see


class _Cut(CutOne):
    """One coordinator loses sight of a node: what it sends is held up."""
    NAME = "cut_by_hand"

    def __init__(self, cluster, target, coordinator):
        super().__init__(cluster, random.Random(target), target)
        self.coordinators = [coordinator]

    def strike(self):
        for i in self.coordinators:
            self.cluster.proxies[i].cut(self.target)


def half_written(folder, arguments, say):
    def play(stage):
        with Teller(folder, stage.cluster.addresses, process=80) as teller:
            for node in range(len(stage.cluster.redis)):
                _stage(stage, teller, node)
                say(f"  node {node} alone had the write")

    return run_case(folder, arguments, say, play, rate=200, keys=50)


def _stage(stage, teller, holder):
    keys = [f"half-{holder}-{i}" for i in range(_KEYS)]
    stage.keys += keys
    for key in keys:
        teller.put(0, QUORUM, key, f"whole.{key}")
    stage.pause(0.5)  # the background replicas
    others = [node for node in range(len(stage.cluster.redis)) if node != holder]
    cuts = [_Cut(stage.cluster, node, 0) for node in others]
    entries = [stage.strike(cut) for cut in cuts]
    for key in keys:
        teller.put(0, ONE, key, f"half.{key}")
    for key in keys:
        teller.get(1, QUORUM, key)
    blind = _Cut(stage.cluster, holder, 1)
    entry = stage.strike(blind)
    for key in keys:
        teller.get(1, QUORUM, key)
    stage.heal(blind, entry)
    for cut, entry in zip(cuts, entries):
        stage.heal(cut, entry)
    stage.wait_up(90)
