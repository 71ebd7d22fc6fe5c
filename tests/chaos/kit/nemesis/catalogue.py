"""All faults, by name."""

from kit.nemesis.coordinator_faults import (
    AllCoordinators, CoordinatorFreeze, CoordinatorKill, CoordinatorRestart, CoordinatorSkew,
)
from kit.nemesis.flood import Flood
from kit.nemesis.node_faults import (
    CutAll, CutOne, FlushAll, Freeze, Kill, OldRdb, Refuse, RestartEmpty, Slow,
)

FAULTS = {
    fault.NAME: fault for fault in (
        Kill, RestartEmpty, OldRdb, FlushAll, Freeze, Slow, CutOne, CutAll, Refuse, Flood,
        CoordinatorKill, CoordinatorFreeze, CoordinatorRestart, CoordinatorSkew, AllCoordinators,
    )
}
