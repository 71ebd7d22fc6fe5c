"""Reads every key through every coordinator at every level when all is over: recorded as the others
are."""

from kit.history.operation import ALL, ONE, QUORUM
from kit.load.teller import Teller

_PROCESS = 90
_BATCH = 100


def audit(folder, addresses, keys):
    with Teller(folder, addresses, _PROCESS) as teller:
        for coordinator in teller.coordinators:
            for level in (ONE, QUORUM, ALL):
                for at in range(0, len(keys), _BATCH):
                    teller.get_all(coordinator, level, keys[at:at + _BATCH])
