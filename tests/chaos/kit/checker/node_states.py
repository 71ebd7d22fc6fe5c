"""What coordinators say of nodes: none is called DOWN or SYNCING without a fault, a dead one is not
called UP, and who was not hit answers."""

from kit.checker.intervals import Intervals
from kit.checker.settings import SECOND
from kit.checker.states import NOTICE
from kit.cluster.nodes import NODE_NAMES

_PINGS = 3  # after that many everybody has noticed


def check_node_states(timeline, stalls, findings):
    """`stalls`: of the machine (kit/cluster/stalls.py), which excuse what would be wrong."""
    nodes = range(timeline.settings.nodes)
    causes = [Intervals(_causes(node, timeline)) for node in nodes]
    slow = [Intervals((s["begin"], s["end"] + _late(timeline)) for s in stalls
                      if s["node"] in (node, None)) for node in nodes]
    for coordinator in timeline.settings.coordinators:
        for absence in timeline.states.absences(coordinator):
            begun = min(absence.before, absence.at), absence.at
            if causes[absence.node].touches(*begun):
                findings.check("node state", "")
            elif slow[absence.node].touches(*begun):
                findings.excuse("wrong_state", "", "the machine itself was slow")
            else:
                findings.add_key(
                    "wrong_state", "", f"coordinator {coordinator} calls {NODE_NAMES[absence.node]}"
                    f" {absence.state} ({absence.reason}) at"
                    f" {(absence.at - timeline.begin) / 1e6:.1f} s, though no fault is on it")
        _check_answers(coordinator, timeline, stalls, findings)
    for fault in timeline.faults:
        if fault.get("silences"):
            _check_noticed(fault, timeline, findings)


def _check_answers(coordinator, timeline, stalls, findings):
    slow = Intervals((s["begin"], s["end"] + _late(timeline)) for s in stalls)
    for line in timeline.states.of(coordinator):
        if line["nodes"] is not None or (
                timeline.absence.is_hit(coordinator, line["before"], line["answered"])
                or timeline.absence.is_flooded(line["before"], line["answered"])):
            continue
        if slow.touches(line["before"], line["answered"]):
            findings.excuse("wrong_state", "", "the machine itself was slow")
        else:
            findings.add_key(
                "wrong_state", "", f"coordinator {coordinator} does not answer at"
                f" {(line['at'] - timeline.begin) / 1e6:.1f} s, though no fault is on it")


def _causes(node, timeline):
    """When a node may begin to be away: a fault is on it, or its writes of then are given up; the same of
    a coordinator, until all nodes are UP, as each coordinator raises the fences for its own writes."""
    late = _late(timeline)
    for fault in timeline.faults:
        if node in fault["nodes"] or not fault["nodes"]:
            unseen = 2 * timeline.settings.ping if fault["unseen"] else 0
            yield fault["begin"], fault["up"] + unseen + late
    for coordinator in timeline.settings.coordinators:
        yield from ((b, e + late) for b, e in timeline.absence.hits(coordinator))
    yield from ((b, e + late) for b, e in _recalls(node, timeline))


def _recalls(node, timeline):
    """When the node may be resynchronised once more, as another one returns. Nodes without a common key are
    not waited for when one of them is made whole; what they took as its stand-ins is brought later. With
    one replica that are all the others; with more, kit/scenario.py draws too few nodes for such a pair."""
    if timeline.settings.homes > 1:
        return
    for own in timeline.faults:
        if node not in own["nodes"]:
            continue
        for other in timeline.faults:
            together = other["begin"] <= own["up"] and own["begin"] <= other["healed"]
            if together and node not in other["nodes"] and other.get("silences"):
                yield other["healing"], other["up"]


def _late(timeline):
    """How long after its cause everybody has noticed what it did."""
    return timeline.settings.write_timeout + timeline.settings.ping + NOTICE


def _check_noticed(fault, timeline, findings):
    begin = fault["struck"] + _PINGS * timeline.settings.ping + 2 * SECOND
    end = fault["healing"]
    if begin >= end:
        return
    for coordinator in fault["coordinators"]:
        for line in timeline.states.of(coordinator):
            if line["nodes"] is None or line["at"] >= end or line["until"] <= begin:
                continue
            for node in fault["nodes"]:
                findings.check("node state", "")
                if line["nodes"][node][0] == "UP":
                    findings.add_key(
                        "wrong_state", "", f"coordinator {coordinator} calls {NODE_NAMES[node]} UP"
                        f" {(begin - fault['struck']) / 1e6:.1f} s after {fault['name']} at"
                        f" {(fault['struck'] - timeline.begin) / 1e6:.1f} s")
