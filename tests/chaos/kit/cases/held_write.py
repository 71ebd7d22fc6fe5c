"""A write that is held up on its way while the node that it skipped is resynced: the resync waits for it.

Coordinator 0 sees that a node is down, and writes to the others; its way to them is so slow that the node
is back meanwhile. A resync that began before the write has arrived would copy what was there before, and
call the node whole without the write."""

import concurrent.futures
import random

from kit.cases.stage import run_case
from kit.history.operation import ONE, QUORUM
from kit.load.teller import Teller
from kit.nemesis.node_faults import CutOne, Kill

_KEYS = 20  # for each node
# Long enough for a resync, and too short for a connection to count as silent, where no read times out.
_HELD_MS = 800
_TRY_TIMEOUT_MS = 2000


class _Hold(CutOne):
    """What coordinator 0 sends to these nodes takes its time; what it sends later waits behind it."""
    NAME = "hold"
    SILENCES = False

    def __init__(self, cluster, *targets):
        super().__init__(cluster, random.Random(0), *targets)
        self.coordinators = [0]

    def strike(self):
        self._delay(_HELD_MS)

    def release(self):
        """What is sent from now on takes no time of its own."""
        self._delay(0)

    def heal(self):
        self.release()

    def _delay(self, milliseconds):
        for node in self.targets:
            self.cluster.proxies[0].delay(node, milliseconds)


def held_write(folder, arguments, say):
    def play(stage):
        with (Teller(folder, stage.cluster.addresses, process=80) as teller,
              concurrent.futures.ThreadPoolExecutor(1) as pool):
            for node in range(len(stage.cluster.redis)):
                _stage(stage, teller, pool, node)
                say(f"  node {node} came back while a write was on its way to the others")

    return run_case(folder, arguments, say, play, rate=200, keys=50,
                    more_settings=(("TRY_TIMEOUT_MS", _TRY_TIMEOUT_MS),))


def _stage(stage, teller, pool, node):
    keys = [f"held-{node}-{i}" for i in range(_KEYS)]
    stage.keys += keys
    teller.put_all(1, QUORUM, keys, "before")
    stage.pause(0.5)  # the background replicas
    loss = Kill(stage.cluster, random.Random(node), node)
    lost = stage.strike(loss)
    stage.wait_state(node, ("DOWN",), 0)
    hold = _Hold(stage.cluster, *(other for other in range(len(stage.cluster.redis)) if other != node))
    held = stage.strike(hold)
    write = pool.submit(teller.put_all, 0, QUORUM, keys, "held")
    stage.pause(0.05)  # it is on its way
    stage.heal(loss, lost)
    hold.release()
    write.result()
    stage.heal(hold, held)
    stage.wait_up(90)
    stage.pause(2 * stage.cluster.ping_seconds)  # of quiet
    for coordinator in teller.coordinators:
        teller.get_all(coordinator, ONE, keys)
