#!/usr/bin/env python3
"""tests/fetch: it fetches what is missing or out of date, and nothing else."""
import unittest

from script_tree import ScriptTreeCase

ALL = "node nodejs web kubernetes lint debian13_servers debian13_go".split()


class FetchTest(ScriptTreeCase):
    def setUp(self):
        super().setUp()
        self.copy("tests/fetch")
        for folder in ("tests/e2e/node", "tests/e2e/web", "docs/clients/nodejs",
                       "tests/deploy/kubernetes", "tests/lint"):  # fmt: skip
            self.write(f"{folder}/package.json", "{}")
            self.write(f"{folder}/package-lock.json", folder)
        for folder in ("deploy", "tests/debian13"):
            self.write(f"{folder}/Dockerfile", "ARG BASE_IMAGE=debian:x\nFROM ${BASE_IMAGE}\n")
        self.write("calls", "")
        self.write_program("bin/npm", f"echo npm >>{self.tree}/calls; mkdir node_modules")
        self.write_program("bin/unzip", "touch kubectl helm")
        self.write_program(
            "tests/debian13/unpack", 'echo "unpack ${@:2}" >>calls; mkdir "$1"; touch "$1/program"'
        )
        self.set_engine("echo no engine; exit 1")

    def set_engine(self, text):
        self.write_program("tests/deploy/engine", text)

    def fetch(self, *arguments, code=0):
        self.write("calls", "")
        ended = self.run_script("tests/fetch", *arguments)
        self.assertEqual(ended.returncode, code, ended.stdout)
        return ended.stdout

    def calls(self):
        return self.read("calls").splitlines()

    def test_fetches_all_things_once(self):
        output = self.fetch()
        self.assertEqual(len(self.calls()), len(ALL))
        self.assertIn("unpack valkey-server redis-server", self.calls())
        self.assertIn("base_image is left out: no engine", output)
        for thing in ALL:
            self.assertTrue((self.tree / "build/fetched" / thing).is_dir(), thing)
        self.fetch()
        self.assertEqual(self.calls(), [])
        self.fetch("--check", *ALL)

    def test_fetches_the_named_thing_only(self):
        self.fetch("node")
        self.assertEqual(self.calls(), ["npm"])
        self.fetch("--check", "node")
        self.fetch("--check", "web", code=1)

    def test_check_says_what_to_run_and_fetches_nothing(self):
        output = self.fetch("--check", "node", code=1)
        self.assertEqual(output, "fetch: node is missing: run tests/fetch node\n")
        self.assertEqual(self.calls(), [])

    def test_fetches_again_when_the_lock_file_changes(self):
        self.fetch("node", "web")
        self.write("tests/e2e/node/package-lock.json", "changed")
        self.fetch("--check", "node", code=1)
        self.fetch("node", "web")
        self.assertEqual(self.calls(), ["npm"])

    def test_fetches_again_when_the_list_of_packages_changes(self):
        self.fetch("debian13_servers")
        self.write("build/fetched/debian13_servers/packages", "valkey-server")
        self.fetch("debian13_servers")
        self.assertEqual(len(self.calls()), 1)

    def test_reports_what_it_cannot_fetch_and_goes_on(self):
        self.write_program("bin/npm", "mkdir node_modules; echo no network; exit 1")
        output = self.fetch("node", "debian13_servers", code=1)
        self.assertIn("no network\n", output)
        self.assertIn("fetch: node could not be fetched", output)
        self.assertFalse((self.tree / "build/fetched/node").exists())
        self.fetch("--check", "debian13_servers")

    def test_stops_at_the_first_command_that_fails(self):
        self.write_program("bin/unzip", "exit 1")
        self.fetch("kubernetes", code=1)
        self.fetch("--check", "kubernetes", code=1)

    def test_keeps_the_old_when_the_new_cannot_be_fetched(self):
        self.fetch("node")
        self.write("tests/e2e/node/package-lock.json", "changed")
        self.write_program("bin/npm", "exit 1")
        self.fetch("node", code=1)
        self.assertTrue((self.tree / "build/fetched/node/node_modules").is_dir())

    def test_wants_an_engine_for_the_base_image_when_it_is_named(self):
        self.assertEqual(self.fetch("base_image", code=1), "fetch: base_image: no engine\n")
        self.assertEqual(
            self.fetch("--check", "base_image", code=1), "fetch: base_image: no engine\n"
        )

    def test_pulls_the_base_image_that_the_engine_lacks(self):
        self.set_engine("exit 0")
        self.write_program(
            "bin/docker",
            f'echo "$@" >>{self.tree}/calls; [ $1 = pull ] && touch {self.tree}/there; '
            f"[ -e {self.tree}/there ]",
        )
        self.assertIn("run tests/fetch base_image", self.fetch("--check", "base_image", code=1))
        self.fetch("base_image")
        self.assertIn("pull --quiet debian:x", self.calls())
        self.fetch("--check", "base_image")
        self.fetch("base_image")
        self.assertNotIn("pull --quiet debian:x", self.calls())

    def test_refuses_an_unknown_thing(self):
        self.assertIn("no such thing: nodes", self.fetch("nodes", code=2))


if __name__ == "__main__":
    unittest.main()
