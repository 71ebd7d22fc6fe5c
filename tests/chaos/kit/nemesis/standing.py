"""What is wrong from the beginning to the end of a round, in the journal of faults: entries that take no
time, so that they do not make the whole round a fault."""

from kit.nemesis.fault import Fault


class _Eviction(Fault):
    """The nodes' memory is limited, and they evict records beyond it."""
    NAME = "eviction"
    FORGETS = True


class _ClockOffset(Fault):
    """The node's clock is off, within MAX_CLOCK_SKEW_MS."""
    NAME = "clock_offset"


def note_standing_faults(journal, cluster):
    scenario, nodes = cluster.scenario, range(len(cluster.redis))
    if scenario.evicts:
        _note(journal, _Eviction(cluster, None, *nodes))
    for node in nodes:
        if scenario.node_clocks_ms[node]:
            fault = _ClockOffset(cluster, None, node)
            fault.skew_ms = scenario.node_clocks_ms[node]
            fault.detail = f"{fault.skew_ms:+} ms"
            _note(journal, fault)


def _note(journal, fault):
    entry = journal.begin(fault)
    for what in ("struck", "healing", "healed", "up"):
        journal.mark(entry, what, fault)
