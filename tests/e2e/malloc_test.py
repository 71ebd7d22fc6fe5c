"""The programs run with the malloc that the build chose (KACHE_MALLOC), and jemalloc with Kache's
settings of it."""

import os
import re
import unittest

from harness import paths
from harness.command import run

MALLOC = os.environ.get("KACHE_MALLOC", "jemalloc")
LIBRARIES = {
    "jemalloc": ["libjemalloc"], "mimalloc": ["libmimalloc"], "tcmalloc": ["libtcmalloc_minimal"],
    "libc": [],
}
PROGRAMS = (paths.SERVER, paths.GATEWAY)


class MallocTest(unittest.TestCase):
    def test_each_program_is_linked_to_the_chosen_malloc_alone(self):
        for program in PROGRAMS:
            libraries = run("ldd", program).text
            linked = re.findall(r"^\s*(lib(?:jemalloc|mimalloc|tcmalloc\w*))\.so", libraries, re.M)
            self.assertEqual(linked, LIBRARIES[MALLOC], libraries)

    @unittest.skipIf(MALLOC != "jemalloc", "the settings are jemalloc's")
    def test_jemalloc_gives_memory_back_by_itself_and_soon(self):
        for program in PROGRAMS:
            shown = run(program, "--version", settings={"MALLOC_CONF": "stats_print:true"}).err
            self.assertRegex(shown, r"opt\.background_thread: true")
            self.assertRegex(shown, r"opt\.dirty_decay_ms: 1000\b")


if __name__ == "__main__":
    unittest.main()
