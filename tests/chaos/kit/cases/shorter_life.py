"""A shorter life that one node missed: PUT without an end, PUT with 2 s while the node is away,
expiry, return. The first value is never seen again. Each node is once the one that misses it.

With one copy of each key the node is the only one that knows the first value, and a stand-in the only one
that knows the second."""

import random

from kit.cases.stage import run_case
from kit.history.operation import ALL, ONE, QUORUM
from kit.load.teller import Teller
from kit.nemesis.node_faults import Freeze

_KEYS = 40
_LIFE_MS = 2000


def shorter_life(folder, arguments, say):
    return _run(folder, arguments, say, QUORUM)


def shorter_life_of_one_copy(folder, arguments, say):
    return _run(folder, arguments, say, ONE, replication_factor=1)


def _run(folder, arguments, say, level, **scenario):
    def play(stage):
        with Teller(folder, stage.cluster.addresses, process=80) as teller:
            for node in range(len(stage.cluster.redis)):
                _miss(stage, teller, node, level)
                say(f"  node {node} was back after the shorter life's end")

    return run_case(folder, arguments, say, play, rate=200, keys=50, **scenario)


def _miss(stage, teller, node, level):
    keys = [f"shorter-{node}-{i}" for i in range(_KEYS)]
    stage.keys += keys
    _put_all(teller, ALL if level == ONE else level, keys, "long", 0)
    stage.pause(0.5)  # the background replicas
    fault = Freeze(stage.cluster, random.Random(node), node)
    entry = stage.strike(fault)
    for coordinator in teller.coordinators:
        stage.wait_state(node, ("DOWN", "SYNCING"), coordinator)
    _put_all(teller, level, keys, "short", _LIFE_MS)
    stage.pause(_LIFE_MS / 1000 + 0.3)
    stage.heal(fault, entry)
    _get_all(teller, keys)
    stage.wait_up()
    _get_all(teller, keys)


def _put_all(teller, level, keys, name, ttl_ms):
    for i, key in enumerate(keys):
        teller.put(i % len(teller.coordinators), level, key, f"{name}.{key}", ttl_ms)


def _get_all(teller, keys):
    for level in (ONE, QUORUM):
        for key in keys:
            for coordinator in teller.coordinators:
                teller.get(coordinator, level, key)
