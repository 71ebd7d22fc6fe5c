"""What happens to coordinators."""

import time

from kit.history.clock import now
from kit.nemesis.fault import COORDINATOR, Fault


class CoordinatorKill(Fault):
    NAME = "coordinator_kill"
    TARGET = COORDINATOR
    SECONDS = (0.0, 3.0)

    def strike(self):
        self.coordinator.kill()

    def heal(self):
        self.coordinator.start()


class CoordinatorFreeze(Fault):
    NAME = "coordinator_freeze"
    TARGET = COORDINATOR
    SECONDS = (0.3, 5.0)

    def strike(self):
        self.coordinator.freeze()

    def heal(self):
        self.coordinator.thaw()


class CoordinatorLongFreeze(CoordinatorFreeze):
    """For longer than a tombstone lives: what it still had to do is too late."""
    NAME = "coordinator_long_freeze"

    @classmethod
    def fits(cls, scenario):
        return scenario.has_short_tombstones

    @classmethod
    def seconds(cls, scenario):
        return scenario.tombstone_ttl_seconds + 1.0, scenario.tombstone_ttl_seconds + 5.0


class CoordinatorRestart(Fault):
    """SIGTERM; it ends as it should; it is started again."""
    NAME = "coordinator_restart"
    TARGET = COORDINATOR
    SECONDS = (0.0, 0.5)

    def strike(self):
        yield from terminated(self.cluster, [self.target])

    def heal(self):
        self.coordinator.start()


class _WrongClock(Fault):
    TARGET = COORDINATOR

    @classmethod
    def fits(cls, scenario):
        """A coordinator that reaches a minority of the nodes has its own clock alone."""
        return scenario.has_own_clocks and scenario.nodes >= 3

    def jump(self):
        offset_ms = self.rng.choice((-8000, -2500, -700, 700, 2500, 8000, 3_600_000))
        self.detail = f"{offset_ms:+} ms"
        self.skew_ms = offset_ms
        self.coordinator.clock.jump(offset_ms)


class CoordinatorSkew(_WrongClock):
    """Restarted with a wrong clock, and at the end with the one that it had."""
    NAME = "coordinator_skew"
    SECONDS = (4.0, 10.0)

    def strike(self):
        yield from terminated(self.cluster, [self.target])
        self.jump()
        self.coordinator.start()

    def heal(self):
        yield from terminated(self.cluster, [self.target])
        self.coordinator.clock.heal()
        self.coordinator.start()


class CoordinatorClock(_WrongClock):
    """Its clock jumps while it runs, and later back again."""
    NAME = "coordinator_clock"

    def strike(self):
        self.jump()

    def heal(self):
        self.coordinator.clock.heal()


class AllCoordinators(Fault):
    """All at once, killed or terminated."""
    NAME = "all_coordinators"
    TARGET = COORDINATOR
    ALONE = True
    SECONDS = (0.0, 1.5)

    def __init__(self, cluster, rng, *targets):
        super().__init__(cluster, rng, *targets)
        self.coordinators = list(range(len(cluster.coordinators)))

    def strike(self):
        kill = self.rng.random() < 0.6
        self.detail = "killed" if kill else "terminated"
        if kill:
            for coordinator in self.cluster.coordinators:
                coordinator.kill()
        else:
            yield from terminated(self.cluster, self.coordinators)

    def heal(self):
        for coordinator in self.cluster.coordinators:
            coordinator.start()


def terminated(cluster, numbers, seconds=30):
    """SIGTERM to those coordinators once they have started and answer, then waits for their ends,
    without blocking the other slot."""
    begin, deadline = now(), time.monotonic() + seconds
    while not all(_answers(cluster, number, begin) for number in numbers):
        if time.monotonic() > deadline:
            raise AssertionError(f"a coordinator does not answer within {seconds} s")
        yield
    coordinators = [cluster.coordinators[number] for number in numbers]
    for coordinator in coordinators:
        coordinator.terminate()
    while any(coordinator.running for coordinator in coordinators):
        if time.monotonic() > deadline:
            raise AssertionError(f"a coordinator did not end within {seconds} s of SIGTERM")
        yield
    for coordinator in coordinators:
        coordinator.stop()  # which complains of an exit code that is not 0


def _answers(cluster, number, since):
    at, nodes = cluster.watcher.latest(number)
    return at > since and nodes is not None
