"""What the home replicas hold in the end, compared with each other and with what is known."""

from kit.checker.facts import newer
from kit.checker.violation import show_version

_CLOCK_MS = 2000  # between the comparison and Redis's own expiry


def differs(replicas, now_ms):
    """Why these home replicas of one key are not the same; None when they are.

    Past its expiry a record may be there or not: it reads as a miss, and is kept only where it has
    something older to outlive."""
    held = [r for r in replicas if r["state"] == "record"]
    if any(r["state"] == "unreadable" for r in replicas):
        return "an unreadable record"
    alive = [r for r in held if not r["expires_at_ms"] or r["expires_at_ms"] > now_ms + _CLOCK_MS]
    contents = {(r["version"], r["expires_at_ms"], r["tombstone"]) for r in held}
    if len(contents) > 1:
        return "different records"
    if alive and len(held) < len(replicas):
        return "missing on some"
    return None


def wrong_end(replicas, now_ms, tombstone_ttl_ms):
    """What is wrong with the ends of the keys in Redis; None when nothing is. `now_ms`: by the
    fastest clock that writes."""
    for replica in replicas:
        if replica["state"] != "record" or replica["ends_at_ms"] == -2:
            continue
        end, expiry = replica["ends_at_ms"], replica["expires_at_ms"]
        if replica["tombstone"]:
            if not 0 < end <= now_ms + tombstone_ttl_ms + _CLOCK_MS:
                return f"a tombstone that ends at {end}"
        elif expiry == 0:
            if end != -1:
                return f"a record that does not expire ends at {end}"
        elif not expiry - 1 <= end <= expiry + tombstone_ttl_ms + _CLOCK_MS:
            return f"a record that expires at {expiry} ends at {end}"
    return None


def check_convergence(replicas, by_key, timeline, findings, tombstone_ttl_ms):
    """`replicas`: {"at": us, "keys": {key: [replica, ...]}}"""
    at = replicas["at"]
    now_ms = timeline.wall_ms(at)
    for key, held in replicas["keys"].items():
        findings.check("converged", "")
        why = differs(held, now_ms) or wrong_end(
            held, now_ms + timeline.max_skew_ms, tombstone_ttl_ms)
        facts = by_key.get(key)
        if why:
            findings.add_key("diverged", key, f"{why}: {'; '.join(map(_show, held))}",
                             *_origins(held, facts))
        if facts:
            _check_lost(key, held, facts, at, findings)


def _check_lost(key, held, facts, at, findings):
    newest = max((r["version"] for r in held), default=0)
    known = newer(facts.strong.before(at), facts.settled.before(at))
    if known and newest < known.version and not facts.may_be_gone(known, at, at):
        findings.add_key("lost_write", key, "no home replica holds it", known.operation)
    seen = facts.all.before(at)
    if seen and newest < seen.version and not facts.may_be_gone(seen, at, at):
        if not known or seen.version > known.version:
            findings.count("lost_write", seen.operation.level)


def _show(replica):
    if replica["state"] != "record":
        return f"node {replica['node']} {replica['state']}"
    what = "tombstone" if replica["tombstone"] else "value"
    return (f"node {replica['node']} {what} {show_version(replica['version'])}"
            f" expires {replica['expires_at_ms']} ends {replica['ends_at_ms']}")


def _origins(held, facts):
    versions = {r["version"] for r in held if r["version"]}
    return [facts.by_version[v].operation for v in versions if facts and v in facts.by_version]
