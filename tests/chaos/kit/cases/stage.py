"""What named cases are told with: a round's cluster, its journal, and waits with a deadline."""

import time

from kit.checker.floors import CASE
from kit.history.clock import now
from kit.round import Round
from kit.scenario import Scenario


class Stage:
    """strike() and heal() write the journal, so that the checker knows what was on when."""

    def __init__(self, part):
        self.cluster = part.cluster
        # Read and compared in the end, or only compared; a case adds its own.
        self.keys, self.compared = part.keys, part.compared
        self._journal = part.journal

    def strike(self, fault):
        entry = self._journal.begin(fault)
        _finish(fault.strike())
        self._journal.mark(entry, "struck", fault)
        return entry

    def heal(self, fault, entry):
        self._journal.mark(entry, "healing")
        _finish(fault.heal())
        self._journal.mark(entry, "healed")

    def pause(self, seconds):
        """How long something lasts, where nothing can be waited for."""
        time.sleep(seconds)

    def wait_up(self, seconds=60):
        if not self.cluster.wait_all_up(seconds):
            raise AssertionError(f"not all nodes are UP within {seconds} s")

    def wait_state(self, node, states, coordinator=0, seconds=15):
        """Until that coordinator calls the node one of these."""
        since, deadline = now(), time.monotonic() + seconds
        while time.monotonic() < deadline:
            at, nodes = self.cluster.watcher.latest(coordinator)
            if at > since and nodes is not None and nodes[node][0] in states:
                return
            time.sleep(0.02)
        raise AssertionError(f"node {node} is not {states} within {seconds} s")


def _finish(result):
    if result is not None:
        for _ in result:
            time.sleep(0.01)


def run_case(folder, arguments, say, play, mix=None, quiet_seconds=5, floors=CASE, **scenario):
    """A round whose faults are `play(stage)`. `scenario`: what differs from Scenario's defaults."""
    given = {"seed": 1, "callers": arguments.callers, "rate": arguments.rate, **scenario}
    if arguments.seed is not None:
        given["seed"] = arguments.seed
    if arguments.coordinators is not None:
        given["coordinators"] = arguments.coordinators
    part = Round(folder, Scenario(**given), quiet_seconds=quiet_seconds, binary=arguments.binary,
                 mix=mix, floors=floors, say=say)
    return part.run(lambda _: play(Stage(part)))
