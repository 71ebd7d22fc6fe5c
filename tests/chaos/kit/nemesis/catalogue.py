"""All faults, by name."""

from kit.nemesis.coordinator_faults import (
    AllCoordinators, CoordinatorClock, CoordinatorFreeze, CoordinatorKill, CoordinatorLongFreeze,
    CoordinatorRestart, CoordinatorSkew,
)
from kit.nemesis.flood import Flood
from kit.nemesis.node_faults import (
    CutAll, CutOne, CutOneWay, FlushAll, Freeze, Kill, LongAbsence, LongAbsenceOfTwo, NodeClock, OldRdb,
    Refuse, RestartEmpty, Slow,
)

FAULTS = {
    fault.NAME: fault for fault in (
        Kill, RestartEmpty, OldRdb, FlushAll, Freeze, LongAbsence, LongAbsenceOfTwo, Slow, CutOne, CutAll,
        CutOneWay, Refuse, NodeClock, Flood,
        CoordinatorKill, CoordinatorFreeze, CoordinatorLongFreeze, CoordinatorRestart, CoordinatorSkew,
        CoordinatorClock, AllCoordinators,
    )
}
