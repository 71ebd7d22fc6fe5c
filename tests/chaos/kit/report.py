"""The table at the end, and the operations behind every violation."""

import collections

from kit import not_promised
from kit.checker.violation import KINDS, describe

_LEVELS = ("one", "quorum", "all", "")
_SHOWN = 5  # violations of each kind


class Report:
    """Of several rounds or cases, by name."""

    def __init__(self):
        self._verdicts = {}
        # Name of what is not promised -> (rounds in which its cause was staged, how often it was seen).
        self._not_promised = collections.defaultdict(lambda: [0, 0])

    def add(self, name, verdict, faults=()):
        """`faults`: of faults.json. What is not promised beside these is no violation any more."""
        findings = verdict.findings
        findings.violations, known = not_promised.sort_out(
            findings.violations, verdict.meta.get("scenario", {}), faults)
        for what, violations in known.items():
            self._not_promised[what][0] += 1
            self._not_promised[what][1] += len(violations)
        self._verdicts[name] = verdict

    @property
    def violations(self):
        return sum(len(v.findings.violations) for v in self._verdicts.values())

    @property
    def kinds(self):
        return {v.kind for verdict in self._verdicts.values()
                for v in verdict.findings.violations}

    def text(self):
        lines = [f"{'':<52}{'ONE':>8}{'QUORUM':>8}{'ALL':>8}{'total':>8}"]
        table, excused, checked = self._sums()
        for kind, words in KINDS.items():
            row = table.get(kind, {})
            numbers = [row.get(level, 0) for level in _LEVELS]
            lines.append(_row(words, [*numbers[:3], sum(numbers)]))
        lines.append("excused (no violation), by the reason:")
        for kind in KINDS:
            reasons = sorted({why for what, why, _ in excused if what == kind})
            if reasons:
                lines.append("  " + KINDS[kind])
            for why in reasons:
                row = [excused[kind, why, level] for level in _LEVELS]
                lines.append(_row("    " + why, [*row[:3], sum(row)]))
        lines.append("checked without an excuse:")
        for rule in sorted({rule for rule, _ in checked}):
            row = [checked[rule, level] for level in _LEVELS]
            lines.append(_row("  " + rule, [*row[:3], sum(row)]))
        lines += ["", *self._unpromised(), "", *self._failures(), "", *self._latencies(), "",
                  *self._ups(), ""]
        total = sum(verdict.operations for verdict in self._verdicts.values())
        lines.append(f"{total} operations, {self.violations} violations")
        return "\n".join(lines)

    def violations_text(self):
        lines = []
        for name, verdict in self._verdicts.items():
            shown = collections.Counter()
            for violation in verdict.findings.violations:
                shown[violation.kind] += 1
                if shown[violation.kind] > _SHOWN:
                    continue
                lines.append(f"{name}: {violation.kind} {violation.key}: {violation.what}")
                for operation in violation.operations:
                    lines.append(f"    {describe(operation, verdict.meta['begin'])}")
            for kind, count in shown.items():
                if count > _SHOWN:
                    lines.append(f"{name}: {kind}: {count - _SHOWN} more")
        return "\n".join(lines)

    def document(self):
        table, excused, checked = self._sums()
        return {
            "violations": {kind: dict(row) for kind, row in table.items()},
            "excused": {f"{kind} {level}: {why}": n for (kind, why, level), n in excused.items()},
            "checked": {f"{rule} {level}".strip(): n for (rule, level), n in checked.items()},
            "not_promised": {name: {"staged": staged, "seen": seen}
                             for name, (staged, seen) in self._not_promised.items()},
            "rounds": {
                name: {
                    "operations": verdict.operations, "seed": verdict.meta["seed"],
                    "violations": len(verdict.findings.violations),
                    "failures": verdict.failures, "latencies_ms": verdict.latencies,
                    "seconds_until_up": verdict.up, "quiet_seconds": verdict.quiet_seconds,
                } for name, verdict in self._verdicts.items()
            },
        }

    def _sums(self):
        table, excused, checked = {}, collections.Counter(), collections.Counter()
        for verdict in self._verdicts.values():
            for kind, row in verdict.findings.table().items():
                table.setdefault(kind, collections.Counter()).update(row)
            excused.update(verdict.findings.counted)
            checked.update(verdict.findings.checked)
        return table, excused, checked

    def _unpromised(self):
        yield f"{'not promised (kit/not_promised.py)':<52}{'staged':>16}{'seen':>16}"
        for entry in not_promised.NOT_PROMISED:
            staged, seen = self._not_promised[entry.name]
            yield f"  {entry.name:<50}{staged:>16}{seen:>16}"

    def _failures(self):
        sums = collections.defaultdict(lambda: [0, 0])
        for verdict in self._verdicts.values():
            for name, (failed, allowed) in verdict.failures.items():
                sums[name][0] += failed
                sums[name][1] += allowed
        yield f"{'failed requests':<36}{'failed':>10}{'allowed':>10}"
        for name, (failed, allowed) in sorted(sums.items()):
            yield f"  {name:<34}{failed:>10}{allowed:>10}"

    def _latencies(self):
        yield f"{'latency, ms':<36}{'count':>9}{'p50':>9}{'p99':>9}{'p99.9':>9}{'max':>9}"
        for name, verdict in self._verdicts.items():
            for phase, rows in verdict.latencies.items():
                for what, row in rows.items():
                    if row and (what == "all" or len(self._verdicts) == 1):
                        label = f"  {name}, {phase}: {what}"[:36]
                        yield (f"{label:<36}{row['count']:>9}{row['p50']:>9.1f}{row['p99']:>9.1f}"
                               f"{row['p99.9']:>9.1f}{row['max']:>9.1f}")

    def _ups(self):
        sums = collections.defaultdict(list)
        for verdict in self._verdicts.values():
            for name, seconds in verdict.up.items():
                sums[name] += seconds
        yield f"{'seconds from the end of a fault until UP':<44}{'times':>8}{'median':>9}{'max':>9}"
        for name, seconds in sorted(sums.items()):
            seconds.sort()
            yield (f"  {name:<42}{len(seconds):>8}{seconds[len(seconds) // 2]:>9.2f}"
                   f"{seconds[-1]:>9.2f}")


def _row(words, numbers):
    return f"{words:<52}" + "".join(f"{number:>8}" for number in numbers)
