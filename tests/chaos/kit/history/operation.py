"""One operation as its client saw it.

Times are microseconds of CLOCK_MONOTONIC, which all processes of one machine share. A version is
one number, timestamp * 2^64 + coordinator, so that versions compare as numbers; 0 = none. A value
is known by its `value` id, unique for each write; reads that found nothing have None.
"""

import typing

ONE, QUORUM, ALL = "one", "quorum", "all"
PUT, GET, DELETE, TOUCH = "put", "get", "delete", "touch"
OK = "OK"
UNKNOWN_NODE = -1


class Operation(typing.NamedTuple):
    id: int
    process: int
    coordinator: int | None  # None: the gateway, or the client library, chose it
    kind: str  # PUT, GET, DELETE or TOUCH
    level: str  # ONE, QUORUM or ALL
    key: str
    start: int
    end: int
    code: str  # OK or the name of a gRPC code
    value: str | None = None  # written, or found
    ttl_ms: int = 0  # asked for; 0 = for ever
    min_version: int = 0  # asked for
    version: int = 0  # of the receipt
    degraded: bool = False
    acknowledged: int = 0
    required: int = 0
    expires_at_ms: int = 0  # of the receipt, Unix time; 0 = never
    node: int | None = None  # that answered a read; UNKNOWN_NODE: a node that is not on the ring
    message: str = ""  # of an error
    caller: str = "unary"  # the way to Kache: a name of load/callers
    gateway: int | None = None  # that was asked by REST
    reason: str = ""  # of an error, for programs: SUPERSEDED, LIFE_OVER, ...
    stamps: tuple = ()  # that the caller chose and sent, as versions; empty = Kache stamps the write
    attempts: int = 1  # that the caller made, where it says so
    given_up: bool = False  # on a Pipeline stream: nobody answered, and the stream goes on

    @property
    def ok(self):
        return self.code == OK

    @property
    def missed(self):
        """A touch that found no live value, and did nothing: a read that found nothing."""
        return self.kind == TOUCH and self.ok and not self.version

    @property
    def is_write(self):
        return self.kind != GET and not self.missed

    @property
    def strong(self):
        return self.level != ONE

    @property
    def found(self):
        return self.kind == GET and self.ok and self.value is not None


def version_of(timestamp, coordinator):
    return timestamp << 64 | coordinator


def version_ms(version):
    """The wall-clock milliseconds in a version."""
    return version >> 80


def touched_ms(version):
    """The milliseconds of the stamp of the touch that made a version, if one did (ADR 24)."""
    return version_ms(version) + (version >> 6 & (1 << 38) - 1)


def may_be_touch_of(version, value_version):
    """Whether it can be the version of a touch of the value that has that other version."""
    upper = 44
    return (version != value_version and version >> 64 == value_version >> 64
            and (version >> upper) & 0xFFFFF == (value_version >> upper & 0xFFFFF) + 1)


def version_text(version):
    """As REST and the client library write it."""
    return f"{version >> 64:016x}-{version & (1 << 64) - 1:016x}"


def parse_version(text):
    """0 for ""."""
    timestamp, _, clock = text.partition("-")
    return version_of(int(timestamp, 16), int(clock, 16)) if text else 0
