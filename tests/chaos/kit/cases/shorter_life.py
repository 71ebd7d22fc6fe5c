"""A shorter life that one node missed: PUT without an end, PUT with 2 s while the node is away,
expiry, return. The first value is never seen again. Each node is once the one that misses it. Likewise
where a touch shortens the life, or prolongs one that ends meanwhile.

With one copy of each key the node is the only one that knows the first value, and a stand-in the only one
that knows the second."""

import random

from kit.cases.stage import run_case
from kit.history.operation import ALL, ONE, QUORUM
from kit.load.teller import Teller
from kit.nemesis.node_faults import Freeze

_KEYS = 40
_LIFE_MS = 2000
_AWAY_MS = 10_000  # longer than it takes until a node is known to be away


def shorter_life(folder, arguments, say):
    return _run(folder, arguments, say, QUORUM, _overwrite)


def shorter_life_of_one_copy(folder, arguments, say):
    return _run(folder, arguments, say, ONE, _overwrite, replication_factor=1)


def shorter_life_by_touch(folder, arguments, say):
    return _run(folder, arguments, say, QUORUM, _touch)


def longer_life_by_touch(folder, arguments, say):
    return _run(folder, arguments, say, QUORUM, _touch, first_ms=_AWAY_MS, then_ms=600_000)


def _run(folder, arguments, say, level, change, first_ms=0, then_ms=_LIFE_MS, **scenario):
    def play(stage):
        with Teller(folder, stage.cluster.addresses, process=80) as teller:
            for node in range(len(stage.cluster.redis)):
                _miss(stage, teller, node, level, change, first_ms, then_ms)
                say(f"  node {node} was back after the shorter life's end")

    return run_case(folder, arguments, say, play, rate=200, keys=50, **scenario)


def _miss(stage, teller, node, level, change, first_ms, then_ms):
    keys = [f"shorter-{node}-{i}" for i in range(_KEYS)]
    stage.keys += keys
    _put_all(teller, ALL if level == ONE else level, keys, "first", first_ms)
    stage.pause(0.5)  # the background replicas
    fault = Freeze(stage.cluster, random.Random(node), node)
    entry = stage.strike(fault)
    for coordinator in teller.coordinators:
        stage.wait_state(node, ("DOWN", "SYNCING"), coordinator)
    change(teller, level, keys, then_ms)
    stage.pause((first_ms or then_ms) / 1000 + 0.3)
    stage.heal(fault, entry)
    _get_all(teller, keys)
    stage.wait_up()
    _get_all(teller, keys)


def _put_all(teller, level, keys, name, ttl_ms):
    for i, key in enumerate(keys):
        teller.put(i % len(teller.coordinators), level, key, f"{name}.{key}", ttl_ms)


def _overwrite(teller, level, keys, ttl_ms):
    _put_all(teller, level, keys, "second", ttl_ms)


def _touch(teller, level, keys, ttl_ms):
    for i, key in enumerate(keys):
        teller.touch(i % len(teller.coordinators), level, key, ttl_ms)


def _get_all(teller, keys):
    for level in (ONE, QUORUM):
        for key in keys:
            for coordinator in teller.coordinators:
                teller.get(coordinator, level, key)
