"""What a client does next, from a seed. Pure.

Keys are shared by all clients; a tenth of them get half of the operations. Values are unique.
Lives are none, long, or so short that they end within the run; as keys are written again and again
they also lengthen and shorten.
"""

import random
import typing

from kit.history.operation import ALL, DELETE, GET, ONE, PUT, QUORUM


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
    one: float = 0.45
    all: float = 0.1  # the rest is QUORUM
    min_version: float = 0.25  # of the reads
    mortal: float = 0.45  # of the puts
    recent: float = 0.35  # of the reads: a key that this process wrote lately


class Generator:
    def __init__(self, seed, process, keys=300, mix=Mix(), only_one=False):
        self._random = random.Random(f"{seed}/{process}")
        self._process = process
        self._mix = mix if not only_one else mix._replace(one=1.0, min_version=0.0)
        self._keys = [f"key-{i}" for i in range(keys)]
        self._hot = max(1, keys // 10)
        self._recent = []
        self._writes = 0

    def next(self):
        chance, mix = self._random.random, self._mix
        if chance() >= mix.writes:
            key = self._random.choice(self._recent) if (
                self._recent and chance() < mix.recent) else self._key()
            return Plan(GET, self._level(), key, wants_min_version=chance() < mix.min_version)
        key = self._key()
        self._remember(key)
        if chance() < mix.deletes:
            return Plan(DELETE, self._level(), key)
        return Plan(PUT, self._level(), key, self._value(), self._ttl_ms())

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
        return f"p{self._process}.{self._writes}"

    def _ttl_ms(self):
        dice = self._random.random()
        if dice >= self._mix.mortal:
            return 0
        if dice < self._mix.mortal * 0.7:
            return self._random.randint(300, 4000)
        return self._random.randint(20_000, 600_000)


def to_bytes(value):
    """The value as it is stored: its id, and a tail that follows from it, so that a mangled value
    is noticed."""
    tail = "".join(reversed(value)) * (1 + sum(value.encode()) % 12)
    return f"{value}|{tail}".encode()


def from_bytes(stored):
    """The id; for bytes that no client wrote, a name that no write has."""
    value = stored.split(b"|", 1)[0].decode(errors="replace")
    return value if value and to_bytes(value) == stored else f"mangled:{stored[:60]!r}"
