"""A node that is flushed under reads that name a version: each walks on past what the node lacks.

No connection breaks, and reads at ONE do not look at the marker, so it takes a ping until the loss is
known. Until then a read that names a version never misses a value that another home replica has."""

import random

from kit.cases.stage import run_case
from kit.checker import floors
from kit.nemesis.node_faults import FlushAll

# Reads at ONE alone, most of them of what this process knows a version of.
_MIX = {"writes": 0.25, "deletes": 0.0, "mortal": 0.0, "one": 1.0, "all": 0.0, "min_version": 0.8}
_FLOORS = floors.CASE | {"checked": {
    "newest one": 0.02, "min_version one": 0.1, "receipt one": 0.05, "origin one": 0.02}}


def flushed(folder, arguments, say):
    def play(stage):
        for node in range(len(stage.cluster.redis)):
            stage.pause(2)  # of quiet, in which all settles
            flush = FlushAll(stage.cluster, random.Random(node), node)
            entry = stage.strike(flush)
            stage.heal(flush, entry)
            stage.pause(1.5)
            stage.wait_up()
            say(f"  node {node} flushed")

    return run_case(folder, arguments, say, play, mix=_MIX, keys=100, floors=_FLOORS)
