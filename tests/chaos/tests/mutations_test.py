"""Every way in which one answer, one state or one replica can break a promise is noticed: histories that
keep all promises are broken in one place, and the checker has to say so. They themselves are clean."""

import copy
import random
import unittest

from histories import History, us, version
from kit.history.operation import ALL, GET, ONE, PUT, QUORUM, UNKNOWN_NODE
from true_histories import FAULTS, HOMES, KEYS, TrueHistory, reads, writes

_SEEDS = range(4)
_QUIET = ((5, 18), (36, 43), (53, 58), (70, 90))


def _is_quiet(op):
    return any(us(begin) < op.start and op.end < us(end) for begin, end in _QUIET)


def _change(history, index, **fields):
    history.operations[index] = history.operations[index]._replace(**fields)


def _puts_before(history, op):
    """Acknowledged values of the key, oldest first."""
    return [history.operations[i] for i in writes(history, kinds=(PUT,))
            if history.operations[i].key == op.key and history.operations[i].end < op.start]


def _last_strong_write(history, op):
    """What a QUORUM read has to know at least."""
    found = [history.operations[i] for i in writes(history, QUORUM, ALL)
             if history.operations[i].key == op.key and history.operations[i].end < op.start]
    return found[-1] if found else None


def _has_unanswered(history, op):
    return any(other.key == op.key and not other.ok and other.start < op.start
               for other in history.operations)


# Each takes (history, rng) and returns what it has broken, or None where there is nothing to break.

def an_older_value(history, rng, *levels, only=lambda op: True):
    for i in rng.sample(indexes := reads(history, *(levels or (QUORUM, ALL))), len(indexes)):
        op = history.operations[i]
        last = _last_strong_write(history, op)
        older = [put for put in _puts_before(history, op) if last and put.version < last.version]
        if older and only(op):
            put = rng.choice(older)
            _change(history, i, value=put.value, version=put.version, min_version=0,
                    expires_at_ms=put.expires_at_ms)
            return op
    return None


def an_older_value_at_one_in_peace(history, rng):
    return an_older_value(history, rng, ONE, only=_is_quiet)


def a_write_stamped_again(history, rng):
    for i in rng.sample(indexes := reads(history), len(indexes)):
        op = history.operations[i]
        older = [put for put in _puts_before(history, op) if put.value != op.value]
        if older:
            _change(history, i, value=rng.choice(older).value, expires_at_ms=0,
                    version=version(round(op.start / 1000) - 1))
            return op
    return None


def a_delete_stamped_again(history, rng):
    i = rng.choice([i for i in reads(history) if history.operations[i].found])
    op = history.operations[i]
    _change(history, i, value=None, expires_at_ms=0, version=version(round(op.start / 1000) - 1))
    return op


def _a_living_value(history, rng, *levels, only=lambda op: True):
    """A read of a value that lives long enough, and nothing can have ended."""
    good = [i for i in reads(history, *levels)
            if (op := history.operations[i]).found and only(op) and not _has_unanswered(history, op)
            and (not op.expires_at_ms or op.expires_at_ms > History.wall_ms(op.end / 1e6) + 200)
            and any(w.version == op.version and (w.strong or _is_quiet(w) and _is_quiet(op))
                    for w in history.operations if w.kind == PUT)]
    return rng.choice(good) if good else None


def a_miss(history, rng):
    i = _a_living_value(history, rng, QUORUM, ALL)
    if i is not None:
        _change(history, i, value=None, version=0, expires_at_ms=0)
    return i


def a_miss_at_one_in_peace(history, rng):
    i = _a_living_value(history, rng, ONE, only=_is_quiet)
    if i is not None:
        _change(history, i, value=None, version=0, expires_at_ms=0)
    return i


def a_miss_that_names_the_version(history, rng):
    i = _a_living_value(history, rng)
    if i is not None:
        _change(history, i, value=None, expires_at_ms=0)
    return i


def a_value_of_nobody(history, rng):
    i = rng.choice([i for i in reads(history) if history.operations[i].found])
    _change(history, i, value="nobody's")
    return i


def a_value_after_its_end(history, rng):
    for i in rng.sample(indexes := reads(history), len(indexes)):
        op = history.operations[i]
        if op.found:
            continue
        gone = [put for put in _puts_before(history, op)
                if put.expires_at_ms and put.expires_at_ms + 200 < History.wall_ms(op.start / 1e6)]
        if gone:
            put = gone[-1]
            _change(history, i, value=put.value, version=put.version,
                    expires_at_ms=put.expires_at_ms)
            return i
    return None


def another_expiry_of_a_read(history, rng):
    i = rng.choice([i for i in reads(history) if history.operations[i].found])
    _change(history, i, expires_at_ms=history.operations[i].expires_at_ms + 1_000_000)
    return i


def another_expiry_of_a_write(history, rng):
    i = rng.choice(writes(history, kinds=(PUT,)))
    _change(history, i, expires_at_ms=history.operations[i].expires_at_ms + 1_000_000)
    return i


def an_older_answer_than_asked_for(history, rng):
    for i in rng.sample(indexes := reads(history), len(indexes)):
        op = history.operations[i]
        older = [put for put in _puts_before(history, op) if put.version < op.min_version]
        if older:
            put = older[-1]
            _change(history, i, value=put.value, version=put.version,
                    expires_at_ms=put.expires_at_ms)
            return i
    return None


def a_later_write_ordered_before(history, rng):
    for i in rng.sample(indexes := writes(history, QUORUM, ALL), len(indexes)):
        op = history.operations[i]
        last = _last_strong_write(history, op)
        # Not while a node that lost its memory is resynced.
        if last and not us(44) < op.start < us(52):
            _change(history, i, version=last.version - (1 << 64))
            return i
    return None


def a_version_far_ahead(history, rng):
    i = rng.choice(writes(history))
    _change(history, i, version=history.operations[i].version + (3_600_000 << 80))
    return i


def no_version(history, rng):
    i = rng.choice(writes(history))
    _change(history, i, version=0)
    return i


def one_version_for_two_writes(history, rng):
    i, j = rng.sample(writes(history, kinds=(PUT,)), 2)
    _change(history, i, version=history.operations[j].version, key=history.operations[j].key)
    return i


def too_few_acknowledgements(history, rng):
    i = rng.choice(reads(history, QUORUM, ALL) + writes(history, QUORUM, ALL))
    _change(history, i, acknowledged=1)
    return i


def a_level_that_asks_for_one(history, rng):
    i = rng.choice(reads(history, QUORUM, ALL) + writes(history, QUORUM, ALL))
    _change(history, i, required=1, acknowledged=1)
    return i


def _while_silenced(history, kinds, *levels):
    """Operations on keys of a home replica that is dead all the time, and that node."""
    for i, op in enumerate(history.operations):
        for name, node, begin, end, _ in FAULTS:
            if (name != "slow" and us(begin) < op.start and op.end < us(end) and op.ok
                    and node in HOMES[op.key] and op.kind in kinds and op.level in levels):
                yield i, node


def an_acknowledgement_of_a_dead_node(history, rng):
    i, _ = rng.choice(list(_while_silenced(history, (PUT,), QUORUM)))
    _change(history, i, acknowledged=3)
    return i


def an_answer_of_a_dead_node(history, rng):
    i, node = rng.choice(list(_while_silenced(history, (GET,), ONE, QUORUM)))
    _change(history, i, node=node)
    return i


def an_answer_of_a_strange_node(history, rng):
    i = rng.choice(reads(history))
    away = [node for node in range(4) if node not in HOMES[history.operations[i].key]]
    _change(history, i, node=rng.choice([*away, UNKNOWN_NODE, 9, None]))
    return i


def degraded_in_peace(history, rng):
    good = [i for i in [*reads(history, ONE), *writes(history)] if _is_quiet(history.operations[i])
            and not history.operations[i].min_version]
    i = rng.choice(good)
    _change(history, i, degraded=True)
    return i


def _failed(history, i, code="UNAVAILABLE"):
    _change(history, i, code=code, version=0, expires_at_ms=0, acknowledged=0, required=0, node=None,
            value=history.operations[i].value if history.operations[i].is_write else None)
    return i


def a_failure_in_peace(history, rng):
    i = rng.choice([i for i in [*reads(history), *writes(history)]
                    if _is_quiet(history.operations[i])])
    return _failed(history, i, rng.choice(("UNAVAILABLE", "ABORTED", "DEADLINE_EXCEEDED",
                                           "RESOURCE_EXHAUSTED")))


def a_failure_while_one_node_is_away(history, rng):
    i, _ = rng.choice([*_while_silenced(history, (GET, PUT), ONE, QUORUM)])
    _change(history, i, min_version=0)
    return _failed(history, i)


def a_code_that_says_nothing(history, rng):
    return _failed(history, rng.choice(reads(history)), rng.choice(("UNKNOWN", "INTERNAL")))


def a_node_away_in_peace(history, rng):
    begin, end = rng.choice(_QUIET)
    at = rng.uniform(begin + 1, end - 1)
    history.state(at, rng.randrange(2), rng.randrange(4))
    history.state(at + 0.2, history.states[-1]["coordinator"])
    return at


def a_dead_node_that_stays_up(history, rng):
    coordinator = rng.randrange(2)
    history.states = [line for line in history.states if line["coordinator"] != coordinator
                      or not us(15) < line["at"] < us(33)]
    return coordinator


def a_coordinator_that_does_not_answer(history, rng):
    begin, end = rng.choice(_QUIET)
    history.silent(begin + 1, coordinator := rng.randrange(2)).state(end - 1, coordinator)
    return coordinator


def _a_replica(history, rng, only=lambda replica: True):
    good = [r for held in history.replicas["keys"].values() for r in held
            if r["state"] == "record" and only(r)]
    return rng.choice(good) if good else None


def a_replica_that_is_older(history, rng):
    replica = _a_replica(history, rng)
    if replica:
        replica["version"] -= 5 << 80
    return replica


def a_replica_that_is_missing(history, rng):
    replica = _a_replica(history, rng)
    if replica:
        replica.update(state="nothing", version=0)
    return replica


def a_replica_that_ends_at_another_time(history, rng):
    replica = _a_replica(history, rng)
    if replica:
        replica["ends_at_ms"] = 1_000
    return replica


def replicas_that_are_all_older(history, rng):
    key = rng.choice(KEYS)
    held = history.replicas["keys"][key]
    if held[0]["state"] != "record":
        return None
    for replica in held:
        replica["version"] -= 3_000_000 << 80
    return key


def replicas_that_all_hold_nothing(history, rng):
    good = [key for key, held in history.replicas["keys"].items()
            if held[0]["state"] == "record" and not held[0]["tombstone"]
            and not held[0]["expires_at_ms"] and any(
                op.version == held[0]["version"] and op.start > us(67) for op in history.operations)]
    if not good:
        return None
    key = rng.choice(good)
    for replica in history.replicas["keys"][key]:
        replica.update(state="nothing", version=0)
    history.operations = [op for op in history.operations
                          if op.key != key or op.start < history.replicas["at"]]
    return key


def too_few_home_replicas(history, rng):
    history.replicas["keys"][rng.choice(KEYS)].pop()
    return True


def nothing_at_all(history, rng):
    history.operations.clear()
    return True


MUTATIONS = (
    an_older_value, an_older_value_at_one_in_peace, a_write_stamped_again, a_delete_stamped_again, a_miss,
    a_miss_at_one_in_peace, a_miss_that_names_the_version, a_value_of_nobody, a_value_after_its_end,
    another_expiry_of_a_read, another_expiry_of_a_write, an_older_answer_than_asked_for,
    a_later_write_ordered_before, a_version_far_ahead, no_version, one_version_for_two_writes,
    too_few_acknowledgements, a_level_that_asks_for_one, an_acknowledgement_of_a_dead_node,
    an_answer_of_a_dead_node, an_answer_of_a_strange_node, degraded_in_peace, a_failure_in_peace,
    a_failure_while_one_node_is_away, a_code_that_says_nothing, a_node_away_in_peace,
    a_dead_node_that_stays_up, a_coordinator_that_does_not_answer, a_replica_that_is_older,
    a_replica_that_is_missing, a_replica_that_ends_at_another_time, replicas_that_are_all_older,
    replicas_that_all_hold_nothing, too_few_home_replicas, nothing_at_all,
)


class MutationsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.true = {seed: TrueHistory(seed).history for seed in _SEEDS}

    def test_true_histories_are_clean(self):
        for seed, history in self.true.items():
            with self.subTest(seed=seed):
                findings = history.verdict().findings
                self.assertEqual(findings.violations, [])
                for rule in ("newest", "min_version", "order", "receipt", "origin", "not degraded"):
                    self.assertGreater(findings.checked[rule, QUORUM], 10, rule)

    def test_each_mutation_is_noticed(self):
        for mutate in MUTATIONS:
            broken = 0
            for seed, history in self.true.items():
                with self.subTest(mutation=mutate.__name__, seed=seed):
                    history = copy.deepcopy(history)
                    what = mutate(history, random.Random(f"{seed}/{mutate.__name__}"))
                    if what is None:
                        continue
                    broken += 1
                    self.assertNotEqual(history.verdict().findings.violations, [], what)
            self.assertGreater(broken, len(_SEEDS) // 3, mutate.__name__)


if __name__ == "__main__":
    unittest.main()
