"""What a round is played on, drawn from its seed: the same seed is the same scenario.

    draw(7)                             a round of the random run
    draw(7, nodes=3, shards=1)          the same, but for what is given
    Scenario(seed=1)                    the setting of the named cases, unless they change it
"""

import dataclasses
import random

from kit.load.callers.catalogue import CALLERS

DEFAULT_TOMBSTONE_TTL_SECONDS = 3600
SHORT_TOMBSTONE_TTL_SECONDS = 8
SHORT_CLOCK_SKEW_MS = 500
_MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Scenario:
    seed: int
    mixed: bool = False  # faults two side by side; else one at a time
    nodes: int = 4
    replication_factor: int = 3
    coordinators: int = 3
    gateways: int = 2
    shards: int = 1
    keys: int = 300
    fillers: int = 0  # more keys, written once, so that what looks at every key takes its time
    tombstone_ttl_seconds: int = DEFAULT_TOMBSTONE_TTL_SECONDS
    max_clock_skew_ms: int = 5000
    max_memory_bytes: int = 0  # of each node, beyond which it evicts; 0 = it does not
    value_bytes: int = 0  # of each value, at least
    # How far each clock is ahead; None = the machine's clock, which no fault touches.
    node_clocks_ms: tuple = (None,) * 7
    coordinator_clocks_ms: tuple = (None,) * 3
    callers: tuple = tuple(CALLERS)
    rate: int = 1500  # operations a second, where a key has three home replicas or fewer
    deadline_ms: int = 1000
    more_settings: tuple = ()  # pairs, of the coordinators

    def settings(self):
        """Those of the coordinators."""
        return {
            "REPLICATION_FACTOR": self.replication_factor, "SHARDS": self.shards,
            "PING_INTERVAL_SECONDS": 1, "SWEEP_INTERVAL_SECONDS": 5, "DRAIN_SECONDS": 10,
            "TOMBSTONE_TTL_SECONDS": self.tombstone_ttl_seconds,
            "MAX_CLOCK_SKEW_MS": self.max_clock_skew_ms, **dict(self.more_settings),
        }

    @property
    def home_replicas(self):
        return min(self.nodes, self.replication_factor)

    @property
    def load_rate(self):
        """Operations a second: as many commands to the nodes, however many home replicas a key has."""
        return round(self.rate * 3 / max(3, self.home_replicas))

    @property
    def has_short_tombstones(self):
        return self.tombstone_ttl_seconds <= SHORT_TOMBSTONE_TTL_SECONDS

    @property
    def has_own_clocks(self):
        return self.node_clocks_ms[0] is not None

    @property
    def evicts(self):
        return self.max_memory_bytes > 0

    def text(self):
        """One line for people: what differs from round to round."""
        parts = [
            f"{self.nodes} nodes", f"replication factor {self.replication_factor}",
            f"{self.coordinators} coordinators", f"{self.gateways} gateways",
            f"shards {self.shards}", f"{self.keys} keys",
        ]
        if self.fillers:
            parts.append(f"{self.fillers} filler keys")
        if self.has_short_tombstones:
            parts.append(f"tombstones of {self.tombstone_ttl_seconds} s")
        if self.max_clock_skew_ms != 5000:
            parts.append(f"skew up to {self.max_clock_skew_ms} ms")
        if self.evicts:
            parts.append(f"evicting beyond {self.max_memory_bytes / _MIB:g} MiB")
        if self.has_own_clocks:
            parts.append(f"clocks of nodes {_offsets(self.node_clocks_ms[:self.nodes])}, of"
                         f" coordinators {_offsets(self.coordinator_clocks_ms[:self.coordinators])}")
        parts.append("faults mixed" if self.mixed else "faults singly")
        return ", ".join(parts)


def draw(seed, **given):
    """`given`: fields that are not left to the seed. The other ones are drawn as if it were absent."""
    rng = random.Random(f"{seed}/scenario")
    nodes = rng.choice((1, 2, 3, 3, 4, 4, 4, 5, 6, 7))
    drawn = {
        "mixed": rng.random() < 0.5,
        "nodes": nodes,
        "replication_factor": rng.choice((1, 2, 3, 3, 3, 3, 5)),
        "coordinators": rng.choice((2, 3, 3)),
        "shards": rng.choice((1, 3)),
    }
    drawn["keys"], drawn["fillers"] = rng.choice(
        ((300, 0), (300, 0), (300, 0), (3000, 0), (3000, 20_000), (10_000, 20_000)))
    if rng.random() < 0.5:
        drawn |= {"tombstone_ttl_seconds": SHORT_TOMBSTONE_TTL_SECONDS,
                  "max_clock_skew_ms": SHORT_CLOCK_SKEW_MS}
    if rng.random() < 0.15:
        drawn |= {"keys": 3000, "fillers": 0, "value_bytes": 8192, "max_memory_bytes": 8 * _MIB}
    counts = drawn | given
    # As many as can lose a node, or two, and still see more nodes with the right time than others: what
    # sees a minority of the nodes has its own clock alone.
    if rng.random() < 0.5 and counts["nodes"] >= (5 if counts["mixed"] else 3):
        skew_ms = counts.get("max_clock_skew_ms", Scenario.max_clock_skew_ms)
        drawn |= _clocks(rng, counts["nodes"], skew_ms)
    return Scenario(seed=seed, **drawn | given)


def _clocks(rng, nodes, skew_ms):
    """So many nodes have the right time that the median of all is right although one more clock jumps;
    those of coordinators count for little and may be off by more."""
    wrong = rng.sample(range(nodes), max(0, (nodes - 1) // 2 - 1))
    return {
        "node_clocks_ms": tuple(
            round(rng.uniform(-0.7, 0.7) * skew_ms) if node in wrong else 0 for node in range(7)),
        "coordinator_clocks_ms": tuple(rng.choice((0, 0, -700, 900, -6000, 8000)) for _ in range(3)),
    }


def _offsets(clocks_ms):
    return "/".join(f"{ms:+d}" if ms else "0" for ms in clocks_ms) + " ms"
