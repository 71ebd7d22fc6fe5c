"""The whole check of one round's history."""

import collections

from kit.checker import latency
from kit.checker.convergence import check_convergence
from kit.checker.facts import KeyFacts
from kit.checker.failures import check_failures
from kit.checker.reads import check_reads
from kit.checker.timeline import Timeline
from kit.checker.violation import Findings
from kit.checker.writes import check_writes
from kit.history import files


class Verdict:
    """`findings`, and for the report: failures, latencies, operations, up (seconds by fault)."""

    def __init__(self, meta, operations, faults, states, replicas):
        self.meta = meta
        self.operations = len(operations)
        self.findings = Findings()
        timeline = Timeline(meta, faults, states)
        by_name = collections.defaultdict(list)
        for op in operations:
            by_name[op.key].append(op)
        by_key = {key: KeyFacts(ops, timeline) for key, ops in by_name.items()}
        for facts in by_key.values():
            check_reads(facts, timeline, self.findings)
            check_writes(facts, timeline, self.findings)
        self.failures = check_failures(
            operations, by_key, timeline, self.findings, meta["deadline_ms"])
        if replicas:
            check_convergence(replicas, by_key, timeline, self.findings,
                              meta["tombstone_ttl_seconds"] * 1000)
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


def read_verdict(folder):
    return Verdict(
        files.read_json(folder, "meta.json"), files.read_operations(folder),
        files.read_json(folder, "faults.json", []), files.read_lines(folder, "states.jsonl"),
        files.read_json(folder, "replicas.json", {}) or None)
