"""The command line of tests/chaos/run."""

import argparse

from kit.cases.catalogue import CASES
from kit.load.callers.catalogue import CALLERS
from kit.nemesis.catalogue import FAULTS
from kit.scenario import SHORT_CLOCK_SKEW_MS, SHORT_TOMBSTONE_TTL_SECONDS


def parse(arguments, description):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE",
                        help=f"named cases in place of rounds: {', '.join(CASES)}, or 'all'")
    parser.add_argument("--seed", type=int, help="of the first round; the next ones count on")
    parser.add_argument("--round", type=int, metavar="SEED", help="one round alone: that of this seed")
    parser.add_argument("--minutes", type=float, default=5, help="about how long (5)")
    parser.add_argument("--round-seconds", type=float, default=60,
                        help="of faults in a round (60)")
    parser.add_argument("--quick", action="store_true", help="the run for CI: 2-3 minutes")
    parser.add_argument("--nemesis", type=_names_of(FAULTS, "fault"), default=list(FAULTS),
                        metavar="A,B", help=f"faults to choose from: {', '.join(FAULTS)}")
    parser.add_argument("--callers", type=_names_of(CALLERS, "way to call"), default=tuple(CALLERS),
                        metavar="A,B", help=f"ways to call Kache: {', '.join(CALLERS)} (all)")
    parser.add_argument("--rate", type=int, default=1500, help="operations a second (1500)")
    parser.add_argument("--deadline-ms", type=int, default=1000,
                        help="of each request (1000); a busy machine may need more")
    _add_scenario(parser.add_argument_group("in place of what a round draws from its seed"))
    parser.add_argument("--binary", help="another kache-server to test")
    parser.add_argument("--expect-violation", nargs="?", const="any", metavar="KIND,...",
                        help="succeed only when violations are found (of these kinds)")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too")
    parser.add_argument("--keep", metavar="FOLDER",
                        help="keep all histories there (kept in any case after a violation)")
    return parser.parse_args(arguments)


def scenario_fields(arguments):
    """What the command line says of kit/scenario.py's fields, for draw()."""
    names = ("nodes", "replication_factor", "coordinators", "shards", "keys", "fillers")
    given = {name: getattr(arguments, name) for name in names
             if getattr(arguments, name) is not None}
    if arguments.order is not None:
        given["mixed"] = arguments.order == "mixed"
    if arguments.tombstones == "short":
        given |= {"tombstone_ttl_seconds": SHORT_TOMBSTONE_TTL_SECONDS,
                  "max_clock_skew_ms": SHORT_CLOCK_SKEW_MS}
    elif arguments.tombstones == "default":
        given |= {"tombstone_ttl_seconds": 3600, "max_clock_skew_ms": 5000}
    return given | {"callers": tuple(arguments.callers), "rate": arguments.rate,
                    "deadline_ms": arguments.deadline_ms}


def _add_scenario(group):
    group.add_argument("--order", choices=("singly", "mixed"),
                       help="one fault at a time, or two side by side")
    group.add_argument("--nodes", type=int, choices=range(1, 8))
    group.add_argument("--replication-factor", type=int, choices=range(1, 8))
    group.add_argument("--coordinators", type=int, choices=(2, 3))
    group.add_argument("--shards", type=int)
    group.add_argument("--keys", type=int, help="that are read and written")
    group.add_argument("--fillers", type=int, metavar="KEYS", help="that are written once and only stay")
    group.add_argument("--tombstones", choices=("short", "default"),
                       help=f"TOMBSTONE_TTL_SECONDS {SHORT_TOMBSTONE_TTL_SECONDS} and MAX_CLOCK_SKEW_MS "
                       f"{SHORT_CLOCK_SKEW_MS}, or the defaults")


def _names_of(known, what):
    def names(text):
        found = [name.strip() for name in text.split(",") if name.strip()]
        for name in found:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {what} is called {name}")
        return found
    return names
