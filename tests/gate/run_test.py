#!/usr/bin/env python3
"""tests/run with the real ctest in a small project, and .ci/run: what they print, and when they fail."""
import pathlib
import unittest

from script_tree import ScriptTreeCase

PRESETS = """
{ "version": 3,
  "configurePresets": [ { "name": "release", "generator": "Ninja",
                          "binaryDir": "${sourceDir}/build/release" } ],
  "buildPresets": [ { "name": "release", "configurePreset": "release" } ],
  "testPresets": [ { "name": "release", "configurePreset": "release",
                     "output": { "outputOnFailure": true } } ] }
"""
# $ENV{KACHE_TESTS_LEFT_OUT} is read as tests/CMakeLists.txt says.
PROJECT = """
cmake_minimum_required(VERSION 3.22)
project(small NONE)
enable_testing()
file(WRITE ${CMAKE_BINARY_DIR}/CTestCustom.cmake
  "set(CTEST_CUSTOM_TESTS_IGNORE \\$ENV{KACHE_TESTS_LEFT_OUT})\\n")
add_test(NAME ring COMMAND echo chatter)
set_tests_properties(ring PROPERTIES LABELS unit)
add_test(NAME images COMMAND sh -c "echo there is no engine; exit 1")
set_tests_properties(images PROPERTIES LABELS "deploy;engine")
add_test(NAME fetched.node COMMAND ${PROJECT_SOURCE_DIR}/tests/fetch --check node)
set_tests_properties(fetched.node PROPERTIES LABELS fetch)
add_test(NAME shy COMMAND sh -c "exit ${SHY}")
set_tests_properties(shy PROPERTIES LABELS unit SKIP_RETURN_CODE 77)
"""
NO_ENGINE = "echo 'no container engine (tried)'; exit 1"


class RunTest(ScriptTreeCase):
    def setUp(self):
        super().setUp()
        self.copy("tests/run", "tests/gate/plan.py", "tests/gate/report.py")
        self.write("CMakePresets.json", PRESETS)
        self.set_project(shy=0)
        self.write_program("deploy/local/install", "exit 0")
        self.write_program("tests/deploy/engine", NO_ENGINE)
        self.write_program("tests/fetch", f'echo "fetch $*" >>{self.tree}/calls')
        self.write("calls", "")

    def set_project(self, shy):
        self.write("CMakeLists.txt", f"set(SHY {shy})\n{PROJECT}")

    def run_tests(self, *arguments, **environment):
        ended = self.run_script("tests/run", *arguments, **environment)
        return ended.returncode, ended.stdout

    def assert_ends_with_summary(self, output, passed, failed):
        """ctest's summary is there once, and only its own lines follow."""
        percent = round(100 * passed / (passed + failed))
        line = f"\n{percent}% tests passed, {failed} tests failed out of {passed + failed}\n"
        self.assertEqual(output.count(line), 1, output)
        self.assertNotIn("tests/run:", output.split(line)[1])
        self.assertNotIn("By label", output.split(line)[1])

    def test_passes_without_an_engine_and_says_what_is_left_out(self):
        code, output = self.run_tests()
        self.assertEqual(code, 0, output)
        self.assert_ends_with_summary(output, 3, 0)
        notes = [line for line in output.splitlines() if line.startswith("tests/run: ")]
        self.assertEqual(len(notes), 1, output)
        self.assertIn("no container engine (tried); left out: images.", notes[0])

    def test_prints_durations_before_the_summary(self):
        _, output = self.run_tests()
        self.assertLess(output.index("The slowest 3 of 3"), output.index("100% tests passed"))
        self.assertRegex(output, r"By label: .*unit [\d.]+")
        self.assertEqual(len(self.read("build/release/test-durations.txt").splitlines()), 3)

    def test_fails_without_an_engine_in_ci(self):
        code, output = self.run_tests(CI="true")
        self.assertEqual(code, 8, output)
        self.assert_ends_with_summary(output, 3, 1)
        self.assertIn("no container engine (tried); in CI these fail: images.", output)
        self.assertEqual(output.count("there is no engine\n"), 2, "not repeated before the summary")
        self.assertEqual(output.count("chatter"), 0)

    def test_fails_without_an_engine_when_asked_for(self):
        code, output = self.run_tests("-L", "deploy")
        self.assertEqual(code, 8, output)
        self.assert_ends_with_summary(output, 0, 1)

    def test_excluding_tests_asks_for_none(self):
        code, output = self.run_tests("-E", "shy")
        self.assertEqual(code, 0, output)
        self.assert_ends_with_summary(output, 2, 0)

    def test_ci_can_do_without_an_engine_on_purpose(self):
        code, output = self.run_tests("-LE", "engine", CI="true")
        self.assertEqual(code, 0, output)
        self.assertNotIn("tests/run:", output)

    def test_runs_all_where_there_is_an_engine(self):
        self.write_program("tests/deploy/engine", "exit 0")
        code, output = self.run_tests()
        self.assertEqual(code, 8, output)
        self.assertNotIn("tests/run:", output)

    def test_a_skipped_test_fails_in_ci_only(self):
        self.set_project(shy=77)
        code, output = self.run_tests("-L", "unit")
        self.assertEqual(code, 0, output)
        code, output = self.run_tests("-L", "unit", CI="true")
        self.assertEqual(code, 1, output)
        self.assertIn("tests/run: skipped tests count as failed in CI: shy\n", output)
        self.assert_ends_with_summary(output, 2, 0)

    def test_fetches_before_the_tests_what_they_need(self):
        self.run_tests("-L", "unit")
        self.assertEqual(self.read("calls"), "")
        self.run_tests("-R", "fetched")
        self.assertEqual(self.read("calls"), "fetch node\nfetch --check node\n")

    def test_goes_on_when_something_cannot_be_fetched(self):
        self.write_program("tests/fetch", "echo fetch: node is missing; exit 1")
        code, output = self.run_tests("-L", "fetch|unit")
        self.assertEqual(code, 8, output)
        self.assert_ends_with_summary(output, 2, 1)
        self.assertIn("tests/run: not all was fetched", output)

    def test_ctest_judges_its_arguments(self):
        code, output = self.run_tests("-R", "nothing-of-this-name")
        self.assertNotEqual(code, 0, output)
        code, output = self.run_tests("-N")
        self.assertEqual(code, 0, output)
        self.assertIn("Total Tests: ", output)


class CiTest(ScriptTreeCase):
    def setUp(self):
        super().setUp()
        self.copy(".ci/run")
        self.write_program("tests/run", 'echo "CI=$CI host=$DOCKER_HOST $*"; exit ${CODE:-0}')
        self.write_program("tests/deploy/engine", NO_ENGINE)
        self.tools = self.tree.parent / "shared" / "tools"

    def write_tools(self, folder, up="exit 0"):
        for name, text in (("docker-up.sh", up), ("docker-down.sh", "exit 0")):
            self.write_program(folder / name, f'echo "{name} $1" >>{self.tree}/calls; {text}')

    def run_ci(self, *arguments, **environment):
        ended = self.run_script(".ci/run", *arguments, **environment)
        return ended.returncode, ended.stdout

    def started(self):
        """The folder of the engine that was started and stopped."""
        up, down = self.read("calls").splitlines()
        folder = up.removeprefix("docker-up.sh ")
        self.assertEqual(down, f"docker-down.sh {folder}")
        self.assertFalse(pathlib.Path(folder).exists())
        return folder

    def test_uses_the_engine_that_answers(self):
        self.write_program("tests/deploy/engine", "exit 0")
        self.write_tools(self.tools)
        code, output = self.run_ci("-L", "x", DOCKER_HOST="unix:///there")
        self.assertEqual((code, output), (0, "CI=true host=unix:///there -L x\n"))
        self.assertFalse((self.tree / "calls").exists())

    def test_starts_an_engine_by_the_shared_tools(self):
        self.write_tools(self.tools)
        code, output = self.run_ci(CODE="8")
        self.assertEqual(code, 8)
        self.assertTrue(output.endswith(f"CI=true host=unix://{self.started()}/docker.sock \n"))

    def test_starts_an_engine_by_the_tools_that_are_named(self):
        self.write_tools(self.tree / "tools")
        code, output = self.run_ci(KACHE_ENGINE_TOOLS=str(self.tree / "tools"))
        self.assertEqual(code, 0)
        self.assertIn(f"host=unix://{self.started()}/docker.sock", output)

    def test_says_why_no_engine_could_be_started(self):
        self.write_tools(self.tools, up="echo no root; exit 1")
        code, output = self.run_ci()
        self.assertEqual(code, 0)
        self.assertIn("could not start a container engine:\nno root\nCI=true host= \n", output)
        self.started()

    def test_needs_no_tools(self):
        code, output = self.run_ci(CODE="8")
        self.assertEqual(code, 8)
        self.assertIn("ci: no container engine (tried), and no ../shared/tools/docker-up.sh", output)
        self.assertTrue(output.endswith("\nCI=true host= \n"), output)


if __name__ == "__main__":
    unittest.main()
