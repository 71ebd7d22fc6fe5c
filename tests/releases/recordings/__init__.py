"""The traces that a release leaves in Redis: scenes that it plays, and the form of a recording."""

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
