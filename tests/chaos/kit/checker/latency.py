"""Percentiles of answered requests, in milliseconds."""


def percentiles(operations):
    times = sorted(op.end - op.start for op in operations if op.ok)
    if not times:
        return {}
    at = lambda part: times[min(len(times) - 1, int(part * len(times)))] / 1000  # noqa: E731
    return {"count": len(times), "p50": at(0.5), "p99": at(0.99), "p99.9": at(0.999),
            "max": times[-1] / 1000}


def compare(operations, quiet_end, begin, end):
    """{phase: {what: percentiles}}: the quiet control run beside what came after it."""
    phases = {
        "quiet": [op for op in operations if op.start < quiet_end],
        "faults": [op for op in operations if begin <= op.start < end],
    }
    return {
        phase: {
            f"{'write' if writes else 'read'} {level}": found
            for writes in (False, True) for level in ("one", "quorum", "all")
            if (found := percentiles(
                op for op in part if op.is_write == writes and op.level == level))
        } | {"all": percentiles(part)}
        for phase, part in phases.items()
    }
