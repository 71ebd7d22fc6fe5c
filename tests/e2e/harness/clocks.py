"""Wall clocks that are wrong."""

from harness import paths


def shifted(seconds):
    """Settings by which a process's wall clock is so far ahead (negative: behind)."""
    return {"LD_PRELOAD": paths.SHIFTED_CLOCK, "CLOCK_SHIFT_S": seconds}
