"""What a client does next, from a seed. Pure.

Keys are shared by all clients; a tenth of them get half of the operations. Values are unique.
Lives are none, long, or so short that they end within the run; as keys are written again and again,
and touched, they also lengthen and shorten.

A value's id ends with "+N" where the value is to have N bytes at least.
"""

import random
import typing

from kit.history.operation import ALL, DELETE, GET, ONE, PUT, QUORUM, TOUCH


class Plan(typing.NamedTuple):
    kind: str
    level: str
    key: str
    value: str | None = None
    ttl_ms: int = 0
    wants_min_version: bool = False


class Mix(typing.NamedTuple):
    """Parts of the whole, each from 0 to 1."""
    writes: float = 0.42
    deletes: float = 0.18  # of the writes
    touches: float = 0.15  # of the writes
    one: float = 0.45
    all: float = 0.1  # the rest is QUORUM
    min_version: float = 0.25  # of the reads
    mortal: float = 0.45  # of the puts
    recent: float = 0.35  # of the reads: a key that this process wrote lately
    whole_seconds: bool = False  # lives, as REST has them
    value_bytes: int = 0  # that each value has at least


class Generator:
    def __init__(self, seed, process, keys=300, mix=Mix()):
        self._random = random.Random(f"{seed}/{process}")
        self._process = process
        self._mix = mix
        self._keys = [f"key-{i}" for i in range(keys)]
        self._hot = max(1, keys // 10)
        self._recent = []
        self._writes = 0

    def next(self):
        kind, level = self._kind(), self._level()
        return self._plan(kind, level)

    def batch(self, count, may_touch=False):
        """Plans of one kind and one level for up to `count` keys, which are distinct."""
        kind, level = self._kind(), self._level()
        if kind == TOUCH and not may_touch:
            kind = PUT
        plans = [self._plan(kind, level) for _ in range(count)]
        return list({plan.key: plan for plan in plans}.values())

    def _kind(self):
        if self._random.random() >= self._mix.writes:
            return GET
        dice = self._random.random()
        if dice < self._mix.deletes:
            return DELETE
        return TOUCH if dice < self._mix.deletes + self._mix.touches else PUT

    def _plan(self, kind, level):
        chance, mix = self._random.random, self._mix
        if kind == GET:
            key = self._random.choice(self._recent) if (
                self._recent and chance() < mix.recent) else self._key()
            return Plan(GET, level, key, wants_min_version=chance() < mix.min_version)
        key = self._key()
        self._remember(key)
        if kind == DELETE:
            return Plan(DELETE, level, key)
        if kind == TOUCH:
            return Plan(TOUCH, level, key, ttl_ms=self._ttl_ms())
        return Plan(PUT, level, key, self._value(), self._ttl_ms())

    def _key(self):
        if self._random.random() < 0.5:
            return self._keys[self._random.randrange(self._hot)]
        return self._random.choice(self._keys)

    def _remember(self, key):
        self._recent.append(key)
        if len(self._recent) > 20:
            self._recent.pop(0)

    def _level(self):
        dice = self._random.random()
        if dice < self._mix.one:
            return ONE
        return ALL if dice < self._mix.one + self._mix.all else QUORUM

    def _value(self):
        self._writes += 1
        size = f"+{self._mix.value_bytes}" if self._mix.value_bytes else ""
        return f"p{self._process}.{self._writes}{size}"

    def _ttl_ms(self):
        dice = self._random.random()
        if dice >= self._mix.mortal:
            return 0
        short = dice < self._mix.mortal * 0.7
        ttl_ms = self._random.randint(300, 4000) if short else self._random.randint(20_000, 600_000)
        return -(-ttl_ms // 1000) * 1000 if self._mix.whole_seconds else ttl_ms


def to_bytes(value):
    """The value as it is stored: its id, and a tail that follows from it, so that a mangled value
    is noticed."""
    tail = "".join(reversed(value)) * (1 + sum(value.encode()) % 12)
    size = value.rpartition("+")[2] if "+" in value else "0"
    return f"{value}|{tail}".ljust(int(size), "~").encode()


def from_bytes(stored):
    """The id; for bytes that no client wrote, a name that no write has."""
    value = stored.split(b"|", 1)[0].decode(errors="replace")
    mangled = f"mangled:{stored[:60]!r}"
    try:
        return value if value and to_bytes(value) == stored else mangled
    except ValueError:  # no size behind a "+"
        return mangled
