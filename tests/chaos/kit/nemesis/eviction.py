"""Nodes that evict records, in the journal of faults: the setting of a whole round."""

from kit.nemesis.fault import Fault


class _Eviction(Fault):
    NAME = "eviction"
    FORGETS = True


def note_eviction(journal, cluster):
    """From now on every node may evict records: an entry that takes no time."""
    entry = journal.begin(_Eviction(cluster, None, *range(len(cluster.redis))))
    for what in ("struck", "healing", "healed", "up"):
        journal.mark(entry, what)
