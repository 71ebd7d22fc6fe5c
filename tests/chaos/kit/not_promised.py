"""What looks like a broken promise, and is none: docs/consistency.md says that it is not promised.

Each entry quotes the words there, and is narrow: it takes the violations of some kinds, in rounds in which its
cause was staged, and only after that. They are counted apart, and do not fail the run. There is no entry for a
fault of Kache that waits to be mended: such a fault fails the run.
"""

import typing

from kit.checker.timeline import SECOND
from kit.history.operation import GET
from kit.scenario import SHORT_TOMBSTONE_TTL_SECONDS


class NotPromised(typing.NamedTuple):
    name: str
    reference: str  # words of docs/consistency.md
    kinds: tuple  # of violations
    # (scenario, faults) -> when its cause began in this round (us); None = it was not staged.
    staged: typing.Callable


def sort_out(violations, scenario, faults):
    """(violations, {name: those that break no promise, perhaps none}) of one round; the names are those
    whose cause was staged. Pure; `scenario`: the dict of meta.json, empty for a history that is no
    round's, in which everything is promised."""
    if not scenario:
        return list(violations), {}
    since = {entry: entry.staged(scenario, faults) for entry in NOT_PROMISED}
    staged = {entry.name: [] for entry, begin in since.items() if begin is not None}
    broken = []
    for violation in violations:
        names = [entry.name for entry, begin in since.items()
                 if begin is not None and violation.kind in entry.kinds
                 and _time_of(violation) >= begin]
        (staged[names[0]] if names else broken).append(violation)
    return broken, staged


def _time_of(violation):
    """When it showed: the end of its last operation; after everything for what no operation shows."""
    return max((op.end for op in violation.operations if op.kind == GET or not op.ok),
               default=float("inf"))


# Of a tombstone's life, how long the end of a life is remembered: half of it, and MAX_WRITE_AGE_SECONDS.
_REMEMBERED = 3 / 4


def _is_away(fault):
    return bool(fault["nodes"]) and not fault["coordinator_fault"]


def _span(fault):
    """From its beginning until all called its nodes UP again, as far as that is known."""
    return fault["begin"], fault["up"] or fault["healed"] or float("inf")


def _all_homes_in_doubt(scenario, faults):
    """As many nodes as a key has home replicas were away, or were being made whole, at one time, and one of
    them was away for longer than the others remember the end of a life."""
    if not _has_short_tombstones(scenario) or scenario["replication_factor"] == 1:
        return None
    spans = [(*_span(fault), node) for fault in faults if _is_away(fault) for node in fault["nodes"]]
    longest = scenario["tombstone_ttl_seconds"] * SECOND * _REMEMBERED
    staged = []
    for at, _, _ in spans:
        doubted = [(begin, end, node) for begin, end, node in spans if begin <= at <= end]
        if (len({node for _, _, node in doubted}) >= scenario["replication_factor"]
                and any(end - begin > longest for begin, end, _ in doubted)):
            staged.append(at)
    return min(staged, default=None)


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
NOT_PROMISED = (
    NotPromised("an only copy away for longer than a tombstone lives",
                "What only stand-ins took, for longer than they keep it.", _RETURNED,
                _only_copy_away_for_long),
    NotPromised("no home replica was whole, and one was away for long",
                "Deletes, and ends of lives, that no whole server saw.", _UNDONE,
                _all_homes_in_doubt),
    NotPromised("a node has evicted its marker",
                "it does not count until the marker stands again", ("wrong_state", "failed_request"),
                _eviction),
)
