#!/usr/bin/env python3
"""The lint checks can fail: each finds what it is for in a bad tree, and nothing in a good one."""
import contextlib
import io
import pathlib
import tempfile
import unittest

import formatting
import line_counts
import links
import markdown_links
import tasks
import text

RING_CMAKE = """
kache_library(kache_ring ring.cc)
target_link_libraries(kache_ring PUBLIC absl::strings)
"""
RING_H = '#include "absl/strings/str_cat.h"\nclass Ring;\n'
REDIS_CMAKE = """
kache_library(kache_redis client.cc)
target_link_libraries(kache_redis PUBLIC kache_ring PRIVATE PkgConfig::hiredis PkgConfig::libuv)
"""
GOOD = {
    "ring/CMakeLists.txt": RING_CMAKE,
    "ring/ring.h": RING_H,
    "ring/node_id.h": "class NodeId;\n",
    "server/redis/CMakeLists.txt": REDIS_CMAKE,
    "server/redis/node_client.h": '#include "ring/node_id.h"\nclass NodeClient;\n',
    "server/redis/client.cc": '#include "uv.h"\n#include "hiredis/hiredis.h"\nint x;\n',
    "server/cluster/CMakeLists.txt": (
        "kache_library(kache_cluster a.cc)\n"
        "target_link_libraries(kache_cluster PUBLIC kache_ring kache_redis)\n"
    ),
    "server/cluster/a.cc": (
        '#include "ring/ring.h"\n#include "server/redis/node_client.h"\nint a;\n'
    ),
}


def complaints(check, files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return list(check(root))


class LintCase(unittest.TestCase):
    def assert_finds(self, check, files, *parts):
        """One complaint in all, which holds each of `parts`."""
        found = complaints(check, files)
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])


class LinksTest(LintCase):
    def assert_finds_beside_good(self, files, *parts):
        self.assert_finds(links.check, GOOD | files, *parts)

    def test_accepts_a_good_tree(self):
        self.assertEqual(complaints(links.check, GOOD), [])

    def test_finds_an_arrow_up(self):
        found = complaints(
            links.check, GOOD | {"ring/ring.h": RING_H + '#include "server/cluster/topology.h"\n'}
        )
        self.assertIn("ring/ring.h: ring must not include server/cluster/topology.h", found)

    def test_finds_redis_knowing_the_ring(self):
        self.assert_finds_beside_good(
            {"server/redis/client.h": '#include "ring/ring.h"\nint y;\n'},
            "server/redis must not include ring/ring.h",
        )

    def test_finds_the_inside_of_redis_used_outside(self):
        self.assert_finds_beside_good(
            {"server/cluster/b.cc": '#include "server/redis/socket.h"\nint b;\n'},
            "server/cluster must not include server/redis/socket.h",
        )

    def test_finds_generated_code_in_the_core(self):
        found = complaints(
            links.check,
            GOOD | {"server/cluster/b.cc": '#include "kache/v1/kache.pb.h"\nint b;\n'},
        )
        self.assertTrue(any("generated code" in complaint for complaint in found), found)

    def test_finds_a_library_leaking_through_a_header(self):
        leak = '#include "ring/node_id.h"\n#include <uv.h>\nclass NodeClient;\n'
        self.assert_finds_beside_good(
            {"server/redis/node_client.h": leak},
            "server/cluster/a.cc: server/cluster must not see libuv",
            "by way of server/redis/node_client.h",
        )

    def test_finds_beast_outside_http(self):
        self.assert_finds(
            links.check,
            {"gateway/router.h": "#include <boost/beast/http.hpp>\nint r;\n"},
            "gateway/router.h: gateway must not see beast",
        )

    def test_finds_a_second_reader_of_urls(self):
        self.assert_finds(
            links.check,
            {"base/settings.cc": "#include <boost/url/parse.hpp>\nint s;\n"},
            "base/settings.cc: base must not see url",
        )
        self.assert_finds(
            links.check,
            {
                "base/CMakeLists.txt": (
                    "kache_library(kache_redis_url redis_url.cc)\n"
                    "target_link_libraries(kache_redis_url PUBLIC Boost::url)\n"
                ),
                "base/redis_url.cc": "#include <boost/url/parse.hpp>\nint u;\n",
            },
            "kache_redis_url must link Boost::url PRIVATE",
        )

    def test_finds_http_knowing_grpc(self):
        self.assert_finds(
            links.check,
            {"http/server.cc": "#include <grpcpp/channel.h>\nint s;\n"},
            "http must not see grpc",
        )

    def test_allows_the_gateway_what_it_may(self):
        files = {
            "gateway/main.cc": '#include "CLI/CLI.hpp"\n#include "http/server.h"\nint m;\n',
            "http/server.h": "int s;\n",
            "http/server.cc": "#include <boost/beast/core.hpp>\nint c;\n",
            "gateway/handlers/keys.cc": "#include <boost/json.hpp>\nint k;\n",
        }
        self.assertEqual(complaints(links.check, files), [])

    def test_finds_input_and_output_in_the_ring(self):
        self.assert_finds_beside_good(
            {"ring/a.cc": "#include <iostream>\nint a;\n"}, "ring must not include <iostream>"
        )

    def test_does_not_read_comments(self):
        files = {"ring/a.cc": '// #include <iostream>\n/*\n#include "server/x.h"\n*/\nint a;\n'}
        self.assertEqual(complaints(links.check, GOOD | files), [])

    def test_finds_a_folder_without_a_layer(self):
        self.assert_finds_beside_good({"util/a.cc": "int a;\n"}, "util/a.cc", "no layer")

    def test_finds_a_wrong_link(self):
        cmake = RING_CMAKE + "target_link_libraries(kache_ring PRIVATE spdlog::spdlog)\n"
        self.assert_finds_beside_good(
            {"ring/CMakeLists.txt": cmake}, "kache_ring must not link spdlog::spdlog"
        )

    def test_finds_an_unknown_link(self):
        cmake = RING_CMAKE + "target_link_libraries(kache_ring PRIVATE Mystery::box)\n"
        self.assert_finds_beside_good({"ring/CMakeLists.txt": cmake}, "links Mystery::box")

    def test_finds_a_library_that_should_be_private(self):
        cmake = REDIS_CMAKE.replace("PRIVATE PkgConfig::hiredis", "PkgConfig::hiredis PRIVATE")
        self.assert_finds_beside_good(
            {"server/redis/CMakeLists.txt": cmake}, "must link PkgConfig::hiredis PRIVATE"
        )

    def test_finds_an_include_without_a_link(self):
        self.assert_finds_beside_good(
            {"server/redis/CMakeLists.txt": REDIS_CMAKE.replace("PkgConfig::libuv", "")},
            "includes libuv, which server/redis/CMakeLists.txt does not link",
        )

    def test_finds_a_link_without_an_include(self):
        self.assert_finds_beside_good(
            {"server/redis/client.cc": '#include "uv.h"\nint x;\n'},
            "links PkgConfig::hiredis but includes nothing of it",
        )

    def test_finds_an_umbrella(self):
        header = '#ifndef A\n#include "ring/ring.h"\n#include "ring/node_id.h"\n#endif\n'
        self.assert_finds_beside_good({"ring/all.h": header}, "ring/all.h: an umbrella")


class LineCountsTest(LintCase):
    def test_draws_the_line_at_400(self):
        self.assertEqual(complaints(line_counts.check, {"a.cc": "int x;\n" * 400}), [])
        self.assert_finds(line_counts.check, {"a.cc": "int x;\n" * 401}, "a.cc: 401 lines")

    def test_does_not_count_build_output(self):
        self.assertEqual(complaints(line_counts.check, {"build/a.cc": "int x;\n" * 401}), [])


class TextTest(LintCase):
    GUARDED = """\
// What it is.
#ifndef KACHE_RING_A_B_H_
#define KACHE_RING_A_B_H_
{}
#endif  // KACHE_RING_A_B_H_
"""

    def test_accepts_good_text(self):
        files = {"ring/a_b.h": self.GUARDED.format("int x;"), "tests/run": "#!/bin/sh\nexit 0\n"}
        self.assertEqual(complaints(text.check, files), [])

    def test_finds_a_tab(self):
        self.assert_finds(text.check, {"a.cc": "int x;\n\tint y;\n"}, "a.cc:2: a tab")

    def test_finds_a_trailing_blank(self):
        self.assert_finds(text.check, {"docs/a.md": "x \n"}, "docs/a.md:1: a blank")

    def test_finds_a_carriage_return(self):
        self.assert_finds(text.check, {"a.py": b"x = 1\r\n"}, "a.py:1: a carriage return")

    def test_finds_a_missing_line_break(self):
        self.assert_finds(text.check, {"a.py": "x = 1"}, "a.py: no line break")

    def test_reads_scripts_without_an_ending(self):
        self.assert_finds(text.check, {"tests/run": "#!/bin/sh\nexit 0 \n"}, "tests/run:2")

    def test_finds_wrong_guards(self):
        good = self.GUARDED.format("int x;")
        for bad in (
            good.replace("RING_", ""),
            good.replace("#define KACHE_RING_A_B_H_", "#define KACHE_RING_AB_H_"),
            good.replace("  // KACHE_RING_A_B_H_", ""),
            "#pragma once\n" + good,
        ):
            self.assert_finds(text.check, {"ring/a_b.h": bad}, "ring/a_b.h: the include guard")


class MarkdownLinksTest(LintCase):
    def test_accepts_links_that_lead_somewhere(self):
        files = {
            "README.md": (
                "[a](docs/a.md#two-words-1) [web](https://example.org/x) [self](#top)\n"
                "# Top\n[r]\n\n[r]: docs\n"
            ),
            "docs/a.md": "# Two words\n## `Two` words\n[up](../README.md)\n",
        }
        self.assertEqual(complaints(markdown_links.check, files), [])

    def test_ignores_code(self):
        files = {"a.md": "`[x](y)`\n```\n[x](y)\n```\n"}
        self.assertEqual(complaints(markdown_links.check, files), [])

    def test_finds_a_missing_file(self):
        self.assert_finds(markdown_links.check, {"a.md": "[x](y.md)\n"}, "y.md leads nowhere")

    def test_finds_a_missing_file_of_a_reference(self):
        self.assert_finds(markdown_links.check, {"a.md": "[x]\n\n[x]: y.md\n"}, "leads nowhere")

    def test_finds_a_missing_heading(self):
        self.assert_finds(markdown_links.check, {"a.md": "[x](#y)\n# Z\n"}, "names no heading")

    def test_finds_links_out_of_the_repository(self):
        self.assert_finds(markdown_links.check, {"a.md": "[x](../..)\n"}, "leaves the repository")
        self.assert_finds(markdown_links.check, {"a.md": "[x](/etc)\n"}, "machine's root")


class TasksTest(LintCase):
    FILES = {
        "README.md": "# Start\n[index](docs/README.md)\n",
        "docs/README.md": "[near](a.md#near), [a](a.md)\n",
        "docs/a.md": "# Near\n# Far\n[far](#far)\n",
    }

    def find(self, target, *parts):
        self.assert_finds(lambda root: tasks.check(root, {"it": target}), self.FILES, *parts)

    def test_accepts_what_is_two_links_away_or_on_the_first_page(self):
        wanted = {"near": "docs/a.md#near", "page": "docs/a.md", "first": "README.md#start"}
        self.assertEqual(complaints(lambda root: tasks.check(root, wanted), self.FILES), [])

    def test_finds_what_is_three_links_away(self):
        self.find("docs/a.md#far", "it: docs/a.md#far is more than 2 links")

    def test_finds_a_heading_that_is_not_there(self):
        self.find("docs/a.md#gone", "it: docs/a.md#gone is not there")
        self.find("docs/b.md", "is not there")


class FormattingTest(LintCase):
    STYLE = "BasedOnStyle: Google\n"

    def test_accepts_formatted_code(self):
        files = {".clang-format": self.STYLE, "a.cc": "int x;\n"}
        self.assertEqual(complaints(formatting.check, files), [])

    def test_finds_unformatted_code(self):
        if formatting.find_formatter()[1] != formatting.DECIDING_VERSION:
            return  # another version only reads
        files = {".clang-format": self.STYLE, "a.cc": "int  x ;\n"}
        self.assert_finds(formatting.check, files, "a.cc")

    def test_finds_a_broken_configuration(self):
        files = {".clang-format": "BasedOnStyle: Nobody\n", "a.cc": "int x;\n"}
        self.assertEqual(len(complaints(formatting.check, files)), 1)

    def test_finds_that_there_is_no_formatter(self):
        which = formatting.shutil.which
        formatting.shutil.which = lambda name: None
        self.addCleanup(setattr, formatting.shutil, "which", which)
        self.assert_finds(formatting.check, {"a.cc": "int x;\n"}, "no clang-format")


if __name__ == "__main__":
    unittest.main()
