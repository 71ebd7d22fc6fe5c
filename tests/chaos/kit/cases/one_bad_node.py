"""kill_one, freeze_one: with default settings, three replicas and a deadline of 1 s, one node that
dies or freezes costs no request, and little time."""

import random

from kit.cases.stage import run_case
from kit.checker.latency import percentiles
from kit.history import files
from kit.nemesis.node_faults import Freeze, Kill

# The other settings are the server's defaults; this is short only so that the end comes soon.
_SETTINGS = (("PING_INTERVAL_SECONDS", 3),)
# At ALL a request needs every home replica: those may fail, and are left out.
_MIX = {"all": 0.0}
_AWAY_SECONDS = 10


def kill_one(folder, arguments, say):
    return _case(folder, arguments, say, Kill, 250)


def freeze_one(folder, arguments, say):
    return _case(folder, arguments, say, Freeze, 500)


def _case(folder, arguments, say, kind, limit_ms):
    def play(stage):
        fault = kind(stage.cluster, random.Random(1), 1)
        entry = stage.strike(fault)
        stage.pause(_AWAY_SECONDS)
        stage.heal(fault, entry)
        stage.wait_up()

    verdict = run_case(folder, arguments, say, play, mix=_MIX, quiet_seconds=_AWAY_SECONDS,
                       more_settings=_SETTINGS)
    _check_latency(folder, verdict, limit_ms, say)
    return verdict


def _check_latency(folder, verdict, limit_ms, say):
    """p99.9 under its limit or, where the machine is so busy that the quiet run is not either,
    under the quiet run's and the limit together; none over its deadline."""
    meta = verdict.meta
    operations = files.read_operations(folder)
    quiet = percentiles(op for op in operations if op.start < meta["quiet_end"])
    faulty = percentiles(
        op for op in operations if meta["faults_begin"] <= op.start < meta["faults_end"])
    say(f"  p99.9 {faulty['p99.9']:.0f} ms, max {faulty['max']:.0f} ms;"
        f" quiet {quiet['p99.9']:.0f} ms, {quiet['max']:.0f} ms")
    allowed = limit_ms if quiet["p99.9"] < limit_ms else limit_ms + quiet["p99.9"]
    if faulty["p99.9"] > allowed:
        verdict.findings.add_key(
            "too_slow", "", f"p99.9 is {faulty['p99.9']:.0f} ms, allowed {allowed:.0f} ms")
    late = [op for op in operations if op.end - op.start > (meta["deadline_ms"] + 100) * 1000
            and op.start >= meta["faults_begin"]]
    if late and quiet["max"] <= meta["deadline_ms"]:
        verdict.findings.add_key("over_deadline", "", f"{len(late)} answers", *late[:3])
