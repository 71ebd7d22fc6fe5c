"""A coordinator, or a gateway, is stopped as it should be and started as another release. For the journal
and the checker these are faults, as they are in tests/chaos."""

from kit.nemesis.coordinator_faults import terminated
from kit.nemesis.fault import COORDINATOR, Fault


class ReplaceCoordinator(Fault):
    NAME = "replace_coordinator"
    TARGET = COORDINATOR

    def __init__(self, cluster, release, target):
        super().__init__(cluster, None, target)
        self._release = release
        self.detail = f"by the {release.name} release"

    def strike(self):
        yield from terminated(self.cluster, [self.target])

    def heal(self):
        self._release.take(self.coordinator)
        self.coordinator.start()


class ReplaceGateway(Fault):
    """Its clients lose their connections."""
    NAME = "replace_gateway"

    def __init__(self, cluster, release, target):
        super().__init__(cluster, None, target)
        self.nodes, self.coordinators, self.gateways = [], [], [target]
        self._release = release
        self.detail = f"by the {release.name} release"

    @property
    def gateway(self):
        return self.cluster.gateways[self.target]

    def strike(self):
        self.gateway.stop()

    def heal(self):
        self._release.take(self.gateway)
        self.gateway.start().wait_ready()
