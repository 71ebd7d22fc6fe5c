"""A run that checked nothing has shown nothing: what each run must have done and checked at least. The
round says how much in meta.json, "floors":

    rate                 operations a second, until the faults' end
    answered             the part of them that must have been answered
    quiet_seconds        of all that the round lasted
    faults               staged to their end
    keys                 whose replicas were compared in the end
    checked              {"rule level": the part of the operations that it must have judged}
"""

# For rounds of the usual mix, with two faults side by side on a busy machine. What is judged of the order
# of writes is least: at ONE it needs quiet around them, of which a round of a few long faults has little; at
# QUORUM none of the homes may have lost its memory.
ROUND = {
    "answered": 0.5, "quiet_seconds": 1.5, "faults": 1, "keys": 100,
    "checked": {
        "newest one": 0.03, "newest quorum": 0.05, "newest all": 0.01, "min_version one": 0.005,
        "min_version quorum": 0.005, "order one": 0.0003, "order quorum": 0.01, "order all": 0.003,
        "expiry one": 0.03, "expiry quorum": 0.03, "receipt one": 0.1, "receipt quorum": 0.1,
        "origin one": 0.05, "origin quorum": 0.05, "not degraded one": 0.003,
    },
}
# For named cases, whose mixes differ.
CASE = {
    "answered": 0.5, "quiet_seconds": 1, "faults": 1, "keys": 20,
    "checked": {"newest one": 0.02, "newest quorum": 0.02, "receipt one": 0.05, "origin one": 0.02},
}


def check_floors(verdict, floors, findings):
    """Without floors, of a history that is no round's: that there is one at all."""
    for what, reached, least in _figures(verdict, floors or {}):
        if reached < least:
            findings.add_key("not_checked", "", f"{what}: {reached:.6g}, at least {least:.6g} wanted")


def _figures(verdict, floors):
    operations = verdict.operations
    seconds = (verdict.meta["faults_end"] - verdict.meta["begin"]) / 1e6
    yield "operations", operations, max(1, floors.get("rate", 0) * seconds)
    if "answered" in floors:
        yield "answered operations", verdict.answered, floors["answered"] * operations
    if "quiet_seconds" in floors:
        yield "quiet seconds", verdict.quiet_seconds, floors["quiet_seconds"]
    if "faults" in floors:
        yield "faults staged to their end", verdict.staged, floors["faults"]
    if "keys" in floors:
        yield "keys compared", verdict.findings.checked["converged", ""], floors["keys"]
    for name, part in floors.get("checked", {}).items():
        rule, _, level = name.rpartition(" ")
        yield f"{rule} at {level}", verdict.findings.checked[rule, level], part * operations
