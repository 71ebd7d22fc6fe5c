"""Receipts that can't be true: fewer acknowledgements than the level asks for, more than there were
nodes to give them, a read that a dead node or one without the key answered."""

from kit.cluster.nodes import NODE_NAMES
from kit.history.operation import GET, ONE, UNKNOWN_NODE

_NAMING = {"unary"}  # callers whose answers always name the node that answered a read


def check_receipts(facts, timeline, findings):
    for op in facts.operations:
        if not op.ok:
            continue
        findings.check("receipt", op.level)
        for what in _lies(op, facts.homes, timeline):
            findings.add("wrong_receipt", op, what)


def _lies(op, homes, timeline):
    absence, settings = timeline.absence, timeline.settings
    required = settings.required(op.level)
    if op.required != required:
        yield f"{op.required} required, not {required}"
    if op.acknowledged < required:
        yield f"{op.acknowledged} acknowledged, fewer than the level asks for"
    # At ONE stand-ins count, too.
    nodes = range(settings.nodes) if op.level == ONE else homes
    there = len(nodes) - absence.silenced(nodes, op)
    if op.acknowledged > there:
        yield f"{op.acknowledged} acknowledged, but only {there} can have answered"
    if (op.is_write or op.found) and not op.version:
        yield "no version"
    if op.kind == GET:
        yield from _lies_about_node(op, homes, timeline)


def _lies_about_node(op, homes, timeline):
    if op.node is None:
        if op.caller in _NAMING:
            yield "no node is named that answered"
        return
    if op.node == UNKNOWN_NODE or op.node >= timeline.settings.nodes:
        yield "the node that answered is not on the ring"
        return
    name = NODE_NAMES[op.node]
    if timeline.absence.silenced([op.node], op):
        yield f"{name} can't have answered: it was dead, frozen or cut off all the time"
    if op.node in homes:
        return
    if op.level != ONE:
        yield f"{name} is no home replica of the key"
        return
    absence, reached = timeline.absence, timeline.settings.reached_by(op)
    there = len(homes) - absence.away(homes, op.start, op.end, reached)
    if there and not absence.is_unheard(op.start, op.end, reached):
        yield f"{name} is a stand-in, and {there} home replicas were there"
    elif not op.degraded:
        yield f"{name} is a stand-in, and the answer is not called degraded"
