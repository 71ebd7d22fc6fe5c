"""Histories that keep every promise, made from a seed: one store that answers as Kache has to, faults
that come and go, and operations one after the other. What mutations_test.py breaks, promise by
promise."""

import random

from histories import History, us, version
from kit.history.operation import ALL, DELETE, GET, ONE, PUT, QUORUM

KEYS = [f"key-{i}" for i in range(4)]
HOMES = {key: [(i + j) % 4 for j in range(3)] for i, key in enumerate(KEYS)}
SECONDS = 100
# Name, node, begin, end, and whether its memory is lost: one at a time, and long enough apart for all to
# be quiet in between.
FAULTS = (("freeze", 1, 20, 32, False), ("kill", 2, 45, 48, True), ("slow", 0, 60, 66, False))


class TrueHistory:
    """`history` has it; `live[key]` what the store holds."""

    def __init__(self, seed):
        self._rng = random.Random(seed)
        self.history = History(SECONDS + 20, key=None)
        self.history.homes = HOMES
        self.live = {key: None for key in KEYS}  # (value, version in ms, expiry in ms, is a value)
        self._values = 0
        self._stage()
        at = 1.0
        while at < SECONDS - 10:
            self._operate(round(at, 3))
            at += self._rng.uniform(0.05, 0.25)
        self._converge(SECONDS)
        for i, key in enumerate(KEYS):
            self._get(SECONDS + 1 + i, key, QUORUM, 0)
        self.history.operations = self.history.completed()

    def _stage(self):
        for name, node, begin, end, loses_memory in FAULTS:
            self.history.fault(name, begin, end, nodes=[node], loses_memory=loses_memory)
            for coordinator in (0, 1):
                self.history.state(begin + 0.2, coordinator, node)
                self.history.state(end + 0.4, coordinator)

    def _away(self, at):
        """The node that is away; it is back a little after its fault."""
        return next((node for _, node, begin, end, _ in FAULTS if begin <= at < end + 0.4), None)

    def _operate(self, at):
        rng = self._rng
        key, level = rng.choice(KEYS), rng.choice((ONE, QUORUM, QUORUM, ALL))
        coordinator = rng.randrange(2)
        away = self._away(at)
        if level == ALL and away in HOMES[key]:
            if rng.random() < 0.5:
                return
            self._fail(at, key, coordinator)
        elif rng.random() < 0.45:
            self._write(at, key, level, coordinator)
        else:
            self._get(at, key, level, coordinator)

    def _write(self, at, key, level, coordinator):
        number = round(at * 1000) + 2
        more = {"key": key, "level": level, "coordinator": coordinator,
                "degraded": self._away(at) in HOMES[key]}
        if self._rng.random() < 0.2:
            self.live[key] = (None, number, 0, False)
            self.history.delete(at, number, **more)
            return
        ttl_ms = self._rng.choice((0, 0, 0, 1500, 30_000))
        value = self._value()
        self.live[key] = (value, number, History.wall_ms(at) + ttl_ms if ttl_ms else 0, True)
        self.history.put(at, value, number, ttl_ms=ttl_ms, **more)

    def _fail(self, at, key, coordinator):
        """A write that falls short, and takes effect or not."""
        value = self._value()
        if self._rng.random() < 0.5:
            self.live[key] = (value, round(at * 1000) + 2, 0, True)
        self.history.put(at, value, 0, level=ALL, key=key, coordinator=coordinator, code="ABORTED")

    def _get(self, at, key, level, coordinator):
        more = {"key": key, "level": level, "coordinator": coordinator}
        value, number, expires, found = self.live[key] or (None, 0, 0, False)
        if expires and expires <= History.wall_ms(at + 0.01) + 100:
            if expires > History.wall_ms(at) - 50:
                return  # So near to its end either answer is right.
            found, number = False, 0
        if self._rng.random() < 0.3 and level != ALL and found:
            more["min_version"] = number
        if found:
            self.history.get(at, value, number, expires_at_ms=expires, **more)
        else:
            self.history.get(at, None, number, **more)

    def _value(self):
        self._values += 1
        return f"value-{self._values}"

    def _converge(self, at):
        history = self.history
        for key in KEYS:
            value, number, expires, found = self.live[key] or (None, 0, 0, False)
            if number and not found:
                held = {"version": version(number), "tombstone": True, "value": None,
                        "ends_at_ms": History.wall_ms(3600 + number / 1000)}
            elif not number or expires and expires < History.wall_ms(at + 10):
                held = 0
            else:
                held = {"version": version(number), "value": value, "expires_at_ms": expires,
                        "ends_at_ms": expires or -1}
            history.replica(key, *[held] * 3)
            for node, replica in zip(HOMES[key], history.replicas["keys"][key]):
                replica["node"] = node
        history.replicas["at"] = us(at)


def reads(history, *levels):
    return [i for i, op in enumerate(history.operations)
            if op.kind == GET and op.ok and op.level in (levels or (ONE, QUORUM, ALL))]


def writes(history, *levels, kinds=(PUT, DELETE)):
    return [i for i, op in enumerate(history.operations)
            if op.kind in kinds and op.ok and op.level in (levels or (ONE, QUORUM, ALL))]
