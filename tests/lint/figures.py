#!/usr/bin/env python3
"""Prints the sizes of the C++ sources: lines per production file, and test lines per line of code.

    tests/lint/figures.py [ROOT]

Lines are all lines of a file, as wc counts them. Production is base, ring, proto, server, gateway
and client; tests are tests/, in any language, benchmarks and lint checks apart.
"""
import pathlib
import statistics
import sys

import tree

TEST_ENDINGS = tree.CPP_ENDINGS + (".js", ".mjs", ".py", ".sh")
NOT_TESTS = {"bench", "lint"}


def line_count(root, path):
    return len(tree.read(root, path).splitlines())


def percentile_90(counts):
    if len(counts) == 1:
        return counts[0]
    return statistics.quantiles(counts, n=10, method="inclusive")[8]


def is_production(path):
    return path.parts[0] in tree.PRODUCTION_FOLDERS


def is_test(path):
    return path.parts[0] == "tests" and path.parts[1] not in NOT_TESTS


def print_sizes(name, counts):
    if counts:
        print(
            f"{name:<20} {len(counts):>5} {sum(counts):>7} {statistics.median(counts):>7.0f}"
            f" {percentile_90(counts):>6.0f} {max(counts):>5}"
        )


def main():
    default_root = pathlib.Path(__file__).resolve().parents[2]
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default_root
    production = {
        path: line_count(root, path)
        for path in tree.files(root, *tree.CPP_ENDINGS)
        if is_production(path)
    }
    tests = {p: line_count(root, p) for p in tree.files(root, *TEST_ENDINGS) if is_test(p)}

    print(f"{'':<20} {'files':>5} {'lines':>7} {'median':>7} {'p90':>6} {'max':>5}")
    for folder in sorted({path.parent.as_posix() for path in production}):
        print_sizes(folder, [n for p, n in production.items() if p.parent.as_posix() == folder])
    print_sizes("production", list(production.values()))
    print_sizes("tests", list(tests.values()))
    cpp_tests = [n for path, n in tests.items() if path.suffix in tree.CPP_ENDINGS]
    print_sizes("tests, C++ only", cpp_tests)
    code = sum(production.values())
    if code:
        print(
            f"test lines per line of code: {sum(tests.values()) / code:.2f}"
            f" (C++ only {sum(cpp_tests) / code:.2f})"
        )


if __name__ == "__main__":
    main()
