"""Instants in texts, counted from the moment of the recording, so that a replay can shift them.

A number of 13 digits within a few days of the recording is an instant, in any field: {-1500} is 1.5 s
before the recording, {+60000} a minute after it. {run_id NAME} stands for the run_id of that node's
process, as a replay has other processes; a run_id of no process stays as it is.
"""

import re

_NEAR_MS = 10 * 86_400_000
_INSTANT = re.compile(r"\b\d{13}\b")
_RELATIVE = re.compile(r"\{([+-]\d+)\}")
_PROCESS = re.compile(r"\{run_id ([^}]+)\}")


def relative(text, now_ms, run_ids=None):
    """`run_ids`: {node's name: run_id}."""
    assert "{" not in text, text
    for name, run_id in (run_ids or {}).items():
        text = text.replace(run_id, f"{{run_id {name}}}")

    def shown(match):
        distance = int(match[0]) - now_ms
        return f"{{{distance:+d}}}" if abs(distance) < _NEAR_MS else match[0]

    return _INSTANT.sub(shown, text)


def absolute(text, now_ms, run_ids=None):
    text = _PROCESS.sub(lambda match: run_ids[match[1]], text)
    return _RELATIVE.sub(lambda match: str(now_ms + int(match[1])), text)
