"""Where things are. ctest sets the variables; by hand the release build is taken."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("KACHE_BUILD_DIR", ROOT / "build" / "release"))
SERVER = BUILD / "bin" / "kache-server"
GATEWAY = BUILD / "bin" / "kache-gateway"
CTL = BUILD / "bin" / "kachectl"
BENCH = BUILD / "bin" / "kache-bench"
SHIFTED_CLOCK = BUILD / "tests" / "libshifted_clock.so"
STUBS = BUILD / "tests" / "e2e" / "stubs"
FETCHED = ROOT / "build" / "fetched"  # what tests/fetch fetched
NODE = BUILD / "tests" / "e2e"  # where node_packages.py puts folders with Node programs
PYTHON = os.environ.get("KACHE_PYTHON", sys.executable)
REDIS = os.environ.get("KACHE_REDIS_SERVER", "redis-server")
