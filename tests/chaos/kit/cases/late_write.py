"""A write that reaches one node after a newer one, a delete or the end of a shorter life has gone
through there. It is never seen again.

The way of coordinator 0 to one node is so slow that its write is acknowledged by the others and
overtaken through coordinator 1, whose way is good: at ALL, so that no replica may ever show what
was before."""

import random

from kit.cases.stage import run_case
from kit.history.operation import ALL, ONE, QUORUM
from kit.load.teller import Teller
from kit.nemesis.node_faults import CutOne

_KEYS = 30
_LIFE_MS = 300


class _SlowOne(CutOne):
    """Each way, for coordinator 0 alone: longer than the shorter life."""
    NAME = "slow_one"
    SILENCES = False

    def __init__(self, cluster, rng, *targets):
        super().__init__(cluster, rng, *targets)
        self.coordinators = [0]

    def strike(self):
        self.cluster.proxies[0].delay(self.target, 900)


def late_write(folder, arguments, say):
    def play(stage):
        with Teller(folder, stage.cluster.addresses, process=80) as teller:
            for node in range(len(stage.cluster.redis)):
                for overtake in (_newer, _delete, _shorter):
                    _stage(stage, teller, node, overtake)
                    say(f"  node {node}: {overtake.__name__.strip('_')}")

    return run_case(folder, arguments, say, play, rate=200, keys=50)


def _stage(stage, teller, node, overtake):
    level = QUORUM
    keys = [f"late-{node}-{overtake.__name__}-{i}" for i in range(_KEYS)]
    stage.keys += keys
    fault = _SlowOne(stage.cluster, random.Random(node), node)
    entry = stage.strike(fault)
    for key in keys:
        teller.put(0, level, key, f"late.{key}")
        overtake(teller, ALL, key)
    stage.pause(2)  # until all that is on its way has arrived
    _get_all(teller, keys)
    stage.heal(fault, entry)
    _get_all(teller, keys)
    stage.wait_up()
    _get_all(teller, keys)


def _newer(teller, level, key):
    teller.put(1, level, key, f"newer.{key}")


def _delete(teller, level, key):
    teller.delete(1, level, key)


def _shorter(teller, level, key):
    teller.put(1, level, key, f"short.{key}", _LIFE_MS)


def _get_all(teller, keys):
    for level in (ONE, QUORUM):
        for key in keys:
            for coordinator in teller.coordinators:
                teller.get(coordinator, level, key)
