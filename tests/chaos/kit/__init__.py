"""The parts of tests/chaos/run: cluster, load, nemesis, history, checker, cases."""

import pathlib
import sys

# The end-to-end tests' harness: processes, ports, Redis, the generated gRPC code.
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
