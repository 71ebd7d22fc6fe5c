"""The release before can read all bookkeeping and records that this release writes.

This release plays the scenes; recordings/rules.py has the rules of the release before."""

import pathlib
import tempfile
import unittest

import recordings  # noqa: F401 - finds the harness
from harness import paths
from recordings import rules
from recordings.scenes import SCENES
from recordings.stage import Stage


class WrittenTest(unittest.TestCase):
    def play(self, scene):
        """{key without its prefix: the result of rules.read() for each node that has the key}"""
        scratch = tempfile.TemporaryDirectory(prefix="kache-written.")
        self.addCleanup(scratch.cleanup)
        stage = Stage(paths.SERVER, pathlib.Path(scratch.name))
        self.addCleanup(stage.close)
        SCENES[scene](stage)
        stage.still()
        found = {}
        for node in filter(lambda node: node.running, stage.nodes.values()):
            for key in node.call("KEYS", "kache:*"):
                found.setdefault(key.decode(errors="replace").removeprefix("kache:m:"), []).append(
                    rules.read(key, _value(node, key)))
        return found

    def test_missed(self):
        found = self.play("missed")
        self.assertEqual(len(found["marker"]), 4)
        self.assertTrue(found["missed"])
        self.assertTrue(found["coordinators"])

    def test_resyncing(self):
        found = self.play("resyncing")
        self.assertIn("resync-lease", found)
        self.assertTrue(found["resync"])

    def test_declared_lost(self):
        self.assertTrue(self.play("declared_lost")["forsaken"])

    def test_vanished(self):
        found = self.play("vanished")
        self.assertIn("sweep-lease", found)
        self.assertEqual(len(found["sweep"]), 4)

    def test_the_rules_refuse_other_forms(self):
        marker = "kache1 whole 0123456789abcdef 0a cache-a 1 2 0 arcs"
        rules.read(b"kache:m:marker", marker.encode())
        for key, value in (
                (b"kache:m:marker", f"{marker} 7".encode()),
                (b"kache:m:marker", marker.replace("kache1", "kache2").encode()),
                (b"kache:m:coordinators", {b"0123456789abcdef": b"1 2 3 4"}),
                (b"kache:m:missed", {b"cache-a 0123456789abcdef": b"1 2 3"}),
                (b"kache:m:resync-lease", b"0123456789abcdef 1"),
                (b"kache:m:later", b""),
                (b"kache:d:key", b"\x4b\xac\x02" + bytes(25))):
            with self.assertRaises(rules.Unreadable, msg=key):
                rules.read(key, value)


def _value(node, key):
    kind = node.call("TYPE", key)
    if kind == "string":
        return node.call("GET", key)
    if kind == "set":
        return node.call("SMEMBERS", key)
    flat = node.call("HGETALL", key)
    return dict(zip(flat[::2], flat[1::2]))


if __name__ == "__main__":
    unittest.main()
