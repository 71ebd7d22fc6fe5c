"""The command line of tests/chaos/run."""

import argparse

from kit.cases.catalogue import CASES
from kit.nemesis.catalogue import FAULTS


def parse(arguments, description):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE",
                        help=f"named cases in place of rounds: {', '.join(CASES)}, or 'all'")
    parser.add_argument("--seed", type=int, help="of the first round; the next ones count on")
    parser.add_argument("--minutes", type=float, default=5, help="about how long (5)")
    parser.add_argument("--nemesis", type=_names, default=list(FAULTS), metavar="A,B",
                        help=f"faults to choose from: {', '.join(FAULTS)}")
    parser.add_argument("--coordinators", type=int, choices=(2, 3), default=3)
    parser.add_argument("--rate", type=int, default=1500, help="operations a second (1500)")
    parser.add_argument("--round-seconds", type=float, default=60,
                        help="of faults in a round (60)")
    parser.add_argument("--order", choices=("singly", "mixed", "both"), default="both",
                        help="one fault at a time, two side by side, or in turn (both)")
    parser.add_argument("--quick", action="store_true",
                        help="the run for CI: fixed seeds, 2-3 minutes")
    parser.add_argument("--binary", help="another kache-server to test")
    parser.add_argument("--expect-violation", nargs="?", const="any", metavar="KIND,...",
                        help="succeed only when violations are found (of these kinds)")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too")
    parser.add_argument("--keep", metavar="FOLDER",
                        help="keep all histories there (kept in any case after a violation)")
    return parser.parse_args(arguments)


def _names(text):
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FAULTS:
            raise argparse.ArgumentTypeError(f"no fault is called {name}")
    return names
