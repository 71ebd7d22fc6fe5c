"""Strikes and heals faults for a while, in one slot or in two side by side.

With two slots one of them has the faults that lose memory and so never two of those at once: the
next one waits until every coordinator has seen the node of the last one UP again. The other slot
strikes meanwhile, but never the same target, and none of the kind where a fault has to be alone. Runs on the main thread (processes that are started by
another one die with it): slots are generators, advanced in turn.
"""

import random
import time

from kit.history.clock import now
from kit.nemesis.catalogue import FAULTS
from kit.nemesis.fault import COORDINATOR, LOAD, NODE, steps_of

UP_SECONDS = 240
NOTICE_SECONDS = 0.3  # until a broken connection is noticed
PAUSE_SECONDS = (0.0, 0.5, 2.0, 4.0)  # after the longer ones all has been quiet for a while
_TURN_SECONDS = 0.01


class Nemesis:
    def __init__(self, cluster, journal, names, say=print):
        """Of the faults that are named, those that fit the cluster's scenario."""
        scenario = cluster.scenario
        self._cluster = cluster
        self._rng = random.Random(f"{scenario.seed}/nemesis")
        self._say = say
        self._busy = set()  # (kind of target, number)
        self._end = 0
        self.journal = journal
        faults = [FAULTS[name] for name in names if FAULTS[name].fits(scenario)]
        losing = [fault for fault in faults if fault.LOSES_MEMORY]
        others = [fault for fault in faults if not fault.LOSES_MEMORY]
        if not faults:
            raise ValueError("none of the faults fits this round")
        self._slots = [losing, others] if scenario.mixed and losing and others else (
            [faults])

    def run(self, seconds):
        self._end = time.monotonic() + seconds
        for redis in self._cluster.redis:
            redis.take_snapshot()
        slots = [self._slot(faults) for faults in self._slots]
        while slots:
            slots = [slot for slot in slots if next(slot, "ended") != "ended"]
            time.sleep(_TURN_SECONDS)

    def _slot(self, faults):
        bag = []  # every kind once, in another order each time
        while time.monotonic() < self._end:
            bag = bag or self._rng.sample(faults, len(faults))
            kind = bag.pop()
            targets = self._free_targets(kind)
            if not targets:
                yield
                continue
            busy = {(kind.TARGET, target) for target in (
                self._numbers(kind) if kind.ALONE else targets)}
            self._busy |= busy
            yield from self._stage(kind(self._cluster, self._rng, *targets))
            self._busy -= busy
            yield from self._pause(self._rng.choice(PAUSE_SECONDS))

    def _stage(self, fault):
        journal = self.journal
        entry = journal.begin(fault)
        yield from steps_of(fault.strike())
        journal.mark(entry, "struck", fault)
        yield from self._pause(self._rng.uniform(*fault.seconds(self._cluster.scenario)))
        journal.mark(entry, "healing")
        yield from steps_of(fault.heal())
        journal.mark(entry, "healed")
        numbers = " and ".join(map(str, fault.targets))
        target = f"{fault.TARGET} {numbers}" if fault.TARGET != LOAD else ""
        self._say(f"  {fault.NAME} {target} {fault.detail}".rstrip())
        if fault.LOSES_MEMORY or len(self._slots) == 1:
            # Time to notice it: by the next ping, where no connection broke.
            pings = 2 if fault.UNSEEN else 0
            yield from self._pause(NOTICE_SECONDS + pings * self._cluster.ping_seconds)
            yield from self._wait_up(fault, entry)
        if fault.NAME == "old_rdb":
            self._cluster.redis[fault.target].take_snapshot()

    def _wait_up(self, fault, entry):
        since, deadline = now(), time.monotonic() + UP_SECONDS
        # Where both slots are at work, another fault's node may stay away for longer.
        nodes = fault.nodes or None
        while not self._cluster.watcher.all_up(since, nodes):
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{fault.NAME} {fault.target}: not UP for all {UP_SECONDS} s after its end")
            yield
        self.journal.mark(entry, "up")

    def _free_targets(self, kind):
        """As many as the kind takes; none where there are not enough."""
        numbers = self._numbers(kind)
        free = [number for number in numbers if (kind.TARGET, number) not in self._busy]
        if kind.ALONE and len(free) < len(numbers):
            return []
        return self._rng.sample(free, kind.TARGETS) if len(free) >= kind.TARGETS else []

    def _numbers(self, kind):
        """Of all that it could take."""
        if kind.TARGET == NODE:
            return range(len(self._cluster.redis))
        if kind.TARGET == COORDINATOR:
            return range(len(self._cluster.coordinators))
        return range(1)

    @staticmethod
    def _pause(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield
