"""What the home replicas hold in the end, compared with each other and with what is known."""

from kit.checker.facts import newer
from kit.checker.origins import Origins
from kit.checker.violation import show_version
from kit.history.operation import ALL, DELETE, OK, PUT, Operation, version_ms

_CLOCK_MS = 2000  # between the comparison and Redis's own expiry
_MEASURE_MS = 50  # how exactly coordinators know by how much a node's clock is off


def differs(replicas, now_ms, evicting=False):
    """Why these home replicas of one key are not the same; None when they are. `evicting`: some may
    have forgotten it.

    Past its expiry a record may be there or not: it reads as a miss, and is kept only where it has
    something older to outlive."""
    held = [r for r in replicas if r["state"] == "record"]
    if any(r["state"] == "unreadable" for r in replicas):
        return "an unreadable record"
    alive = [r for r in held if not r["expires_at_ms"] or r["expires_at_ms"] > now_ms + _CLOCK_MS]
    contents = {(r["version"], r["expires_at_ms"], r["tombstone"]) for r in held}
    if len(contents) > 1:
        return "different records"
    if alive and len(held) < len(replicas) and not evicting:
        return "missing on some"
    return None


def wrong_end(replicas, now_ms, tombstone_ttl_ms, slack_ms):
    """What is wrong with the ends of the keys in Redis; None when nothing is. Ends are by the node's
    clock: `slack_ms` has how far each one's may be off."""
    for replica in replicas:
        if replica["state"] != "record" or replica["ends_at_ms"] == -2:
            continue
        end, expiry = replica["ends_at_ms"], replica["expires_at_ms"]
        slack = _CLOCK_MS + slack_ms[replica["node"]]
        if replica["tombstone"]:
            earliest = version_ms(replica["version"]) + tombstone_ttl_ms - slack
            if not earliest <= end <= now_ms + tombstone_ttl_ms + slack:
                return f"a tombstone that ends at {end}"
        elif expiry == 0:
            if end != -1:
                return f"a record that does not expire ends at {end}"
        elif not expiry - _early_ms(slack_ms[replica["node"]]) <= end <= (
                max(expiry, now_ms) + tombstone_ttl_ms + slack):  # a copy may have been made late
            return f"a record that expires at {expiry} ends at {end}"
    return None


def _early_ms(skew_ms):
    """By how much a key may end early by the clock of a node that is off by so much."""
    return 1 + (skew_ms + _MEASURE_MS if skew_ms else 0)


def held_by_all(key, held, at, now_ms):
    """What all home replicas hold, as an operation of level ALL; None where they differ or it is past
    its expiry."""
    records = [r for r in held if r["state"] == "record"]
    if not records or len(records) < len(held) or differs(held, now_ms):
        return None
    record = records[0]
    return Operation(
        id=-1, process=-1, coordinator=None, kind=DELETE if record["tombstone"] else PUT, level=ALL,
        key=key, start=at, end=at, code=OK, value=record.get("value"), version=record["version"],
        expires_at_ms=0 if record["tombstone"] else record["expires_at_ms"])


def check_convergence(replicas, by_key, timeline, findings):
    """`replicas`: {"at": us, "until": us, "keys": {key: [replica, ...]}}, read from `at` to `until`."""
    at = replicas.get("until", replicas["at"])
    now_ms = timeline.wall_ms(at)
    slack_ms = [timeline.node_skew_ms(node) for node in range(timeline.settings.nodes)]
    for key, held in replicas["keys"].items():
        findings.check("converged", "")
        nodes = {replica["node"] for replica in held}
        why = differs(held, now_ms, timeline.memory.evicted(nodes, timeline.begin, at)) or (
            wrong_end(held, now_ms, timeline.settings.tombstone_ttl_ms, slack_ms))
        if len(nodes) != timeline.settings.homes:
            why = f"{len(nodes)} home replicas, not {timeline.settings.homes}"
        facts = by_key.get(key)
        if why:
            findings.add_key("diverged", key, f"{why}: {'; '.join(map(_show, held))}",
                             *_origins(held, facts))
        if facts:
            _check_lost(key, held, facts, at, findings)
            _check_origins(key, held, facts, timeline, at, findings)


def _check_lost(key, held, facts, at, findings):
    newest = max((r["version"] for r in held), default=0)
    known = newer(facts.strong.before(at), facts.settled.before(at))
    if known and newest < known.version and not facts.why_gone(known, at):
        if facts.is_void(known, at):
            findings.excuse("lost_write", known.operation.level,
                            "too many replicas lost their memory")
        else:
            findings.add_key("lost_write", key, "no home replica holds it", known.operation)
    seen = facts.all.before(at)
    if seen and newest < seen.version and not facts.why_gone(seen, at):
        if not known or seen.version > known.version:
            findings.excuse("lost_write", seen.operation.level,
                            "its only holder, or its coordinator, was hit")


def _check_origins(key, held, facts, timeline, at, findings):
    """Every record was written by somebody, under the version that it has."""
    origins = Origins(facts, timeline)
    records = {(r["version"], r.get("value"), r["tombstone"]) for r in held
               if r["state"] == "record" and (r["tombstone"] or r.get("value") is not None)}
    for version, value, tombstone in records:
        findings.check("origin", "")
        wrong = origins.of_miss(version, at) if tombstone else origins.of_value(value, version, at)
        if wrong:
            kind, text, write = wrong
            findings.add_key(kind, key, f"{text} (a replica holds {show_version(version)})",
                             *([write] if write else []))


def _show(replica):
    if replica["state"] != "record":
        return f"node {replica['node']} {replica['state']}"
    what = "tombstone" if replica["tombstone"] else "value"
    return (f"node {replica['node']} {what} {show_version(replica['version'])}"
            f" expires {replica['expires_at_ms']} ends {replica['ends_at_ms']}")


def _origins(held, facts):
    versions = {r["version"] for r in held if r["version"]}
    return [facts.by_version[v].operation for v in versions if facts and v in facts.by_version]
