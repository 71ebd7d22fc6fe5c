"""The whole check of one round's history."""

import collections

from kit.checker import latency
from kit.checker.convergence import check_convergence, held_by_all
from kit.checker.degraded import check_degraded
from kit.checker.facts import KeyFacts
from kit.checker.failures import check_failures
from kit.checker.floors import check_floors
from kit.checker.min_version import check_min_version
from kit.checker.node_states import check_node_states
from kit.checker.origins import check_origins
from kit.checker.reads import check_reads
from kit.checker.receipts import check_receipts
from kit.checker.timeline import Timeline
from kit.checker.violation import Findings
from kit.checker.writes import check_writes
from kit.history import files

_RULES = (check_reads, check_min_version, check_origins, check_receipts, check_degraded, check_writes)


class Verdict:
    """`findings`, and for the report: failures, latencies, operations, up (seconds by fault).

    `homes`: {key: nodes}, for keys that `replicas` does not have."""

    def __init__(self, meta, operations, faults, states, replicas, homes=None, stalls=()):
        self.meta = meta
        self.operations = len(operations)
        self.answered = sum(op.ok for op in operations)
        self.staged = sum(fault["healed"] is not None for fault in faults)
        self.findings = Findings()
        self._timeline = timeline = Timeline(meta, faults, states, operations, stalls)
        by_key = self._facts_by_key(operations, replicas, homes or {})
        operations = [op for op in operations if op.key in by_key]
        for facts in by_key.values():
            for check in _RULES:
                check(facts, timeline, self.findings)
        self.failures = check_failures(
            operations, by_key, timeline, self.findings, meta["deadline_ms"])
        check_node_states(timeline, stalls, self.findings)
        if replicas:
            check_convergence(replicas, by_key, timeline, self.findings)
        if not meta.get("all_up", True):
            self.findings.add_key("not_up", "", "some node was not UP again after all faults")
        if "stage_error" in meta:
            self.findings.add_key("not_staged", "", meta["stage_error"])
        self.latencies = latency.compare(
            operations, meta["quiet_end"], meta["faults_begin"], meta["faults_end"])
        self.up = collections.defaultdict(list)
        for fault in timeline.faults:
            self.up[fault["name"]].append((fault["up"] - fault["healed"]) / 1e6)
        self.quiet_seconds = sum(end - begin for begin, end in timeline.quiet) / 1e6
        check_floors(self, meta.get("floors"), self.findings)

    def _facts_by_key(self, operations, replicas, homes):
        """Of the keys whose home replicas are known; the others can't be checked."""
        by_name = collections.defaultdict(list)
        for op in operations:
            by_name[op.key].append(op)
        held = replicas["keys"] if replicas else {}
        homes = {key: [r["node"] for r in replica] for key, replica in held.items()} | homes
        by_key = {}
        for key, ops in by_name.items():
            if key not in homes:
                self.findings.add_key("not_checked", key, "its home replicas are not known")
                continue
            by_all = None
            if key in held:
                at = replicas.get("until", replicas["at"])
                by_all = held_by_all(key, held[key], at, self._timeline.wall_ms(at))
            by_key[key] = KeyFacts(ops, self._timeline, homes[key], by_all)
        return by_key


def read_verdict(folder):
    return Verdict(
        files.read_json(folder, "meta.json"), files.read_operations(folder),
        files.read_json(folder, "faults.json", []), files.read_lines(folder, "states.jsonl"),
        files.read_json(folder, "replicas.json", {}) or None,
        stalls=files.read_lines(folder, "stalls.jsonl"))
