"""Where an answer comes from: every value, and every version, has the write that made it.

A write has one version, and one for each time that it was stamped anew while its caller waited, the last
of which its receipt names. So a value that is seen under a version that was stamped after its write was
answered, or after its caller was gone, was stamped again by an attempt that nobody waited for: it
may undo newer writes."""

from kit.checker.facts import REFUSED, ended
from kit.checker.violation import show_version
from kit.history.operation import DELETE, GET, may_be_touch_of, version_ms

_CLOCK_BITS = 16  # of a version, the lowest: a hash of the content, which no stamp has


class Origins:
    """Of one key's writes."""

    def __init__(self, facts, timeline):
        self._facts = facts
        self._timeline = timeline
        self._by_version = {op.version: op for op in facts.operations if op.is_write and op.ok}

    def of_value(self, value, version, time):
        """What is wrong with a value that was seen until `time`: (kind, text, write) or None."""
        write = self._facts.writes.get(value)
        if write is None or write.start > time:
            return "unknown_value", f"nobody had written {value}", None
        if write.code in REFUSED and write.attempts <= 1:
            return "done_though_refused", "its write said that nothing was done", write
        if self._facts.touch_of_version(version, time):
            return self._of_touched(write, version)
        if write.ok and write.version:
            if version == write.version:
                return None
            if version > write.version:
                return "wrong_version", "its write was acknowledged under an older version", write
        wrong = self._wrong_stamp(write, version)
        return wrong and ("wrong_version", wrong, write)

    def _of_touched(self, write, version):
        if write.ok and write.version:
            # An attempt that was stamped anew may have been touched before.
            if version > write.version and not may_be_touch_of(version, write.version):
                return "wrong_version", "a touch of another value than this one", write
            return None
        if version_ms(version) > self._timeline.last_stamp_ms(write):
            return "wrong_version", "a touch of a value that was stamped after its write", write
        return None

    def of_miss(self, version, time):
        """The same of a miss that names a version: a delete, or a value whose life is over."""
        now_ms = self._timeline.wall_ms(time)
        write = self._by_version.get(version)
        if write is not None and write.start <= time:
            if write.kind == DELETE or ended(write.expires_at_ms, now_ms):
                return None
            return "missing", "a miss that names the version of a value that lives", write
        touch = self._facts.touch_of_version(version, time)
        if touch is not None and touch.ttl_ms:
            return None
        if any(self._may_have_stamped(op, version, time) for op in self._facts.operations
               if op.is_write and (op.kind == DELETE or op.ttl_ms)):
            return None
        return "wrong_version", "no delete and no end of a life can have this version", None

    def _may_have_stamped(self, op, version, time):
        if op.start > time or op.code in REFUSED and op.attempts <= 1:
            return False
        return not (op.ok and version > op.version) and self._wrong_stamp(op, version) is None

    def _wrong_stamp(self, write, version):
        """Why this version can't be one that the write got before its answer; None when it can."""
        if write.stamps:
            clocks = {stamp >> _CLOCK_BITS for stamp in write.stamps}
            return None if version >> _CLOCK_BITS in clocks else "its caller sent no such stamp"
        ms = version_ms(version)
        late = ms - self._timeline.last_stamp_ms(write)
        if late > 0:
            return f"stamped {late:.0f} ms or more after its write had ended"
        if ms < self._timeline.first_stamp_ms(write):
            return "stamped before its write began"
        return None


def check_origins(facts, timeline, findings):
    origins = Origins(facts, timeline)
    for op in facts.operations:
        if op.kind == GET and op.ok:
            findings.check("origin", op.level)
            _report(op, origins, findings)
        elif op.is_write and op.ok and version_ms(op.version) > timeline.last_stamp_ms(op):
            findings.add("wrong_version", op, "stamped later than it was answered")


def _report(op, origins, findings):
    if op.found:
        wrong = origins.of_value(op.value, op.version, op.end)
    else:
        wrong = origins.of_miss(op.version, op.end) if op.version else None
    if wrong:
        kind, text, write = wrong
        findings.add(kind, op, f"{text} (read: {show_version(op.version)})",
                     *([write] if write else []))
