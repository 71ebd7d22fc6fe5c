#!/usr/bin/env python3
"""The lint of the protos notices what it is there for, and what it notices can be renewed."""
import pathlib
import shutil
import tempfile
import unittest

import protos

PROTO = "proto/kache/v1/kache.proto"


class ProtosTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        shutil.copytree(protos.ROOT / "proto", self.root / "proto")

    def replace(self, old, new):
        text = (self.root / PROTO).read_text()
        self.assertIn(old, text)
        (self.root / PROTO).write_text(text.replace(old, new, 1))

    def breaks(self, old, new):
        """What is said of compatibility once `new` stands where `old` stood."""
        self.replace(old, new)
        return "\n".join(protos.breaking(self.root))

    def test_a_new_field_is_compatible(self):
        self.assertEqual(
            self.breaks("  int64 ttl_ms = 3;\n", "  int64 ttl_ms = 3;\n  bool later = 9;\n"), ""
        )

    def test_notices_a_field_that_went_and_accepts_it_once_renewed(self):
        said = self.breaks("  string server_version = 6;\n", "")
        self.assertIn('Previously present field "6"', said)
        protos.renew(self.root)
        self.assertEqual(protos.breaking(self.root), [])

    def test_notices_a_changed_type(self):
        said = self.breaks("uint32 replication_factor = 2;", "int64 replication_factor = 2;")
        self.assertIn("changed type", said)

    def test_notices_a_changed_package_for_go(self):
        self.assertIn("go_package", self.breaks("kache.dev/kache/v1;kachev1", "example.com/v1"))

    def test_notices_a_field_whose_name_is_not_in_snake_case(self):
        self.replace("  int64 ttl_ms = 3;\n", "  int64 ttl_ms = 3;\n  bool isLater = 9;\n")
        self.assertIn("lower_snake_case", "\n".join(protos.lint(self.root)))


if __name__ == "__main__":
    unittest.main()
