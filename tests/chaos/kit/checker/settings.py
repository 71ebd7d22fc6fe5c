"""The round's settings, as far as promises are in figures. From meta.json; what the round did not set has
the server's default. Pure."""

from kit.history.operation import ALL, ONE

SECOND = 1_000_000


class Settings:
    def __init__(self, meta):
        given = meta.get("settings", {})

        def number(name, default):
            return int(given.get(name, default))

        self.nodes = meta["nodes"]
        self.coordinators = range(meta["coordinators"])
        self.homes = min(number("REPLICATION_FACTOR", 3), self.nodes)
        self.majority = self.homes // 2 + 1
        self.ping = int(meta["ping_seconds"] * SECOND)
        self.try_timeout = number("TRY_TIMEOUT_MS", 100) * 1000
        # How long a coordinator may still be writing the background replicas.
        self.write_timeout = number("WRITE_TIMEOUT_MS", 2000) * 1000
        self.tombstone_ttl_ms = meta["tombstone_ttl_seconds"] * 1000
        self.max_write_age_ms = min(
            number("MAX_WRITE_AGE_SECONDS", 600) * 1000, self.tombstone_ttl_ms // 4)
        # How long after its stamp a stand-in's copy can be read as a value.
        margin = min(number("MAX_CLOCK_SKEW_MS", 5000) + 1000, self.tombstone_ttl_ms // 2)
        self.stand_in_life_ms = min(
            number("STANDIN_TTL_SECONDS", 3600) * 1000, self.tombstone_ttl_ms - margin)

    def required(self, level):
        """Home replicas that the level asks for."""
        return {ONE: 1, ALL: self.homes}.get(level, self.majority)

    def reached_by(self, operation):
        """The coordinators that may have done it: all, where a gateway or a client library chose."""
        if operation.coordinator is None:
            return self.coordinators
        return (operation.coordinator,)
