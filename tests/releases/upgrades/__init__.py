"""Two releases' programs on the same Redis servers, under the load of tests/chaos and held against what
Kache promises by its checker."""

import pathlib
import sys

sys.dont_write_bytecode = True
_TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_TESTS / "chaos"), str(_TESTS / "e2e")]
