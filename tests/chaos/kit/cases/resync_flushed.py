"""A node that is flushed near the end of its resync: what the first part of it brought is brought again.

The coordinator that resyncs goes on to its end. It must not end the fence that the flush has raised. There
is no other coordinator: another one would resync the node at the same time, and hide it."""

import random
import time

from kit.cases.stage import run_case
from kit.load.filler import fill
from kit.nemesis.node_faults import FlushAll, RestartEmpty

_FILLERS = 60_000
_COMPARED = 300  # of them, in the end
_RESYNC_KEYS_PER_SECOND = 30_000  # so that the resync's end comes after the flush was noticed
_NODES = (0, 1)
_SECONDS = 60
_PROGRESS = "kache:m:resync"  # its fields "from:NAME" are the nodes of which all was brought


def resync_flushed(folder, arguments, say):
    def play(stage):
        names = fill(stage.cluster.addresses[0], _FILLERS)
        stage.compared += names[::_FILLERS // _COMPARED]
        for node in _NODES:
            _flush(stage, node)
            say(f"  node {node} flushed in its resync")
            stage.wait_up(90)

    return run_case(folder, arguments, say, play, rate=300, coordinators=1,
                    more_settings=(("RESYNC_KEYS_PER_SECOND", _RESYNC_KEYS_PER_SECOND),))


def _flush(stage, node):
    rng = random.Random(node)
    restart, flush = RestartEmpty(stage.cluster, rng, node), FlushAll(stage.cluster, rng, node)
    restarted = stage.strike(restart)
    stage.heal(restart, restarted)
    _wait_last_source(stage.cluster, node)
    flushed = stage.strike(flush)
    stage.heal(flush, flushed)


def _wait_last_source(cluster, node):
    """Until all but one of the other nodes have been gone through."""
    sources = len(cluster.redis) - 1
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        fields = cluster.redis[node].call("HKEYS", _PROGRESS)
        if sum(field.startswith(b"from:") for field in fields) == sources - 1:
            return
        time.sleep(0.002)
    raise AssertionError(f"no resync of node {node} came to its last source within {_SECONDS} s")
