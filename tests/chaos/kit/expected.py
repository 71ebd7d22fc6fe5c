"""Failures that are known and not yet mended. They are counted apart, and do not fail the run.

Each names the issue that mends it, by words of its title, and is narrow: it takes the violations of some
kinds, in rounds in which its cause was staged, and only after that. An expected failure whose cause was
staged in STAGED_ENOUGH rounds without a single violation of it is reported: it is to be taken out.
"""

import typing

from kit.checker.timeline import SECOND
from kit.history.operation import GET
from kit.scenario import SHORT_TOMBSTONE_TTL_SECONDS

F2 = "Absence is not amnesia: recovery costs what was missed"

STAGED_ENOUGH = 5  # rounds


class Expected(typing.NamedTuple):
    name: str
    issue: str
    kinds: tuple  # of violations
    # (scenario, faults) -> when its cause began in this round (us); None = it was not staged.
    staged: typing.Callable
    words: str = ""  # that the violation's text has


def sort_out(violations, scenario, faults):
    """(unexpected violations, {name: expected ones, perhaps none}) of one round; the names are those
    whose cause was staged. Pure; `scenario`: the dict of meta.json, empty for a history that is no
    round's, of which nothing is expected."""
    if not scenario:
        return list(violations), {}
    since = {known: known.staged(scenario, faults) for known in EXPECTED}
    staged = {known.name: [] for known, begin in since.items() if begin is not None}
    unexpected = []
    for violation in violations:
        names = [known.name for known, begin in since.items()
                 if begin is not None and violation.kind in known.kinds and known.words in violation.what
                 and _time_of(violation) >= begin]
        (staged[names[0]] if names else unexpected).append(violation)
    return unexpected, staged


def _time_of(violation):
    """When it showed: the end of its last operation; after everything for what no operation shows."""
    return max((op.end for op in violation.operations if op.kind == GET or not op.ok),
               default=float("inf"))


def _is_away(fault):
    return bool(fault["nodes"]) and not fault["coordinator_fault"]


def _span(fault):
    """From its beginning until all called its nodes UP again, as far as that is known."""
    return fault["begin"], fault["up"] or fault["healed"] or float("inf")


def _two_long_absences(scenario, faults):
    """Two nodes that were away at one time, each for longer than half a tombstone's life: that is what a
    resync takes for long."""
    if not _has_short_tombstones(scenario):
        return None
    absences = sorted((*_span(fault), node) for fault in faults if _is_away(fault) and fault["silences"]
                      for node in fault["nodes"])
    long = [(begin, end, node) for begin, end, node in absences
            if end - begin > scenario["tombstone_ttl_seconds"] * SECOND / 2]
    return min((begin for begin, end, node in long for begin2, end2, node2 in long
                if node != node2 and begin <= end2 and begin2 <= end), default=None)


def _only_copy_away_for_long(scenario, faults):
    """A node that alone was home to its keys was away for longer than the stand-ins remember deletes."""
    if not _has_short_tombstones(scenario) or scenario["replication_factor"] > 1:
        return None
    longest = scenario["tombstone_ttl_seconds"] * SECOND
    return min((begin for begin, end in (_span(fault) for fault in faults if _is_away(fault))
                if end - begin > longest), default=None)


def _has_short_tombstones(scenario):
    return scenario["tombstone_ttl_seconds"] <= SHORT_TOMBSTONE_TTL_SECONDS


def _eviction(_scenario, faults):
    return min((fault["begin"] for fault in faults if fault["name"] == "eviction"), default=None)


_RETURNED = ("resurrected_delete", "resurrected_expired")
_UNDONE = (*_RETURNED, "stale_read")  # what replaced it has ended, too

# Where several may be the cause, the first one is.
EXPECTED = (
    Expected("an only copy away for longer than a tombstone lives", F2, _RETURNED,
             _only_copy_away_for_long),
    Expected("long absences of two nodes", F2, _UNDONE, _two_long_absences),
    Expected("eviction takes a node's marker for a moment", F2, ("wrong_state", "failed_request"),
             _eviction),
)
