"""Reads every key through every coordinator, once, when all is over: recorded as the others are."""

from kit.history.operation import ALL, ONE, QUORUM
from kit.load.teller import Teller

_PROCESS = 90


def audit(folder, addresses, keys):
    with Teller(folder, addresses, _PROCESS) as teller:
        levels = (ONE, QUORUM, ALL) if teller.has_levels else (ONE,)
        for coordinator in teller.coordinators:
            for key in keys:
                for level in levels:
                    teller.get(coordinator, level, key)
