"""Waits for a condition with a deadline, in place of sleeps."""

import time


def wait_until(condition, what, seconds=60, pause=0.02):
    """Returns the first true value of `condition()`; AssertionError when it takes too long. An
    exception of the condition counts as "not yet" until then."""
    deadline = time.monotonic() + seconds
    while True:
        error = None
        try:
            value = condition()
        except Exception as raised:  # noqa: BLE001 - what is waited for may fail in any way
            value, error = None, raised
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s") from error
        time.sleep(pause)
