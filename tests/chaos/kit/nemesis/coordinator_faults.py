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
    SECONDS = (0.2, 4.0)

    def strike(self):
        self.coordinator.freeze()

    def heal(self):
        self.coordinator.thaw()


class CoordinatorRestart(Fault):
    """SIGTERM; it ends as it should; it is started again."""
    NAME = "coordinator_restart"
    TARGET = COORDINATOR
    SECONDS = (0.0, 0.5)

    def strike(self):
        yield from terminated(self.cluster, [self.target])

    def heal(self):
        self.coordinator.start()


class CoordinatorSkew(Fault):
    """Restarted with a wrong clock, and at the end with the right one."""
    NAME = "coordinator_skew"
    TARGET = COORDINATOR
    SECONDS = (4.0, 10.0)

    def strike(self):
        offset = self.rng.choice((-8.0, -2.5, -0.7, 0.7, 2.5, 8.0))
        self.detail = f"{offset:+} s"
        self.skew_ms = round(offset * 1000)
        yield from terminated(self.cluster, [self.target])
        self.coordinator.set_clock_offset(offset)
        self.coordinator.start()

    def heal(self):
        yield from terminated(self.cluster, [self.target])
        self.coordinator.set_clock_offset(0)
        self.coordinator.start()


class AllCoordinators(Fault):
    """All at once, killed or terminated."""
    NAME = "all_coordinators"
    TARGET = COORDINATOR
    SECONDS = (0.0, 1.5)

    def __init__(self, cluster, rng, target):
        super().__init__(cluster, rng, target)
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
