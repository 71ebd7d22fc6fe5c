"""Where things are. ctest sets the variables; by hand the release build is taken."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("KACHE_BUILD_DIR", ROOT / "build" / "release"))
SERVER = BUILD / "bin" / "kache-server"
GATEWAY = BUILD / "bin" / "kache-gateway"
CTL = BUILD / "bin" / "kachectl"
BENCH = BUILD / "bin" / "kache-bench"
STUBS = BUILD / "tests" / "e2e" / "stubs"
NODE_CLIENT = BUILD / "tests" / "e2e" / "node"
REDIS = os.environ.get("KACHE_REDIS_SERVER", "redis-server")
