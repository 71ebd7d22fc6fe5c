#!/usr/bin/env python3
"""Every C++ file is as clang-format 14 leaves it.

Versions of clang-format disagree about the same .clang-format, so no source can satisfy all of
them: 14 decides (Debian 12's; as clang-format-14 beside another). Where there is only another
version, it must still understand the configuration and every file, and a note says that no more was
checked. None at all is a failure.
"""
import re
import shutil
import subprocess
import sys

import tree

DECIDING_VERSION = 14


def find_formatter():
    """The program and its major version, the deciding one if there is any."""
    for name in (f"clang-format-{DECIDING_VERSION}", "clang-format"):
        program = shutil.which(name)
        if program:
            banner = subprocess.check_output([program, "--version"], text=True)
            version = re.search(r"version (\d+)", banner)
            return program, int(version.group(1)) if version else 0
    return None, 0


def check(root):
    program, version = find_formatter()
    if program is None:
        yield "there is no clang-format: deploy/local/install test installs it"
        return
    decides = version == DECIDING_VERSION
    if not decides:
        print(f"note: clang-format {version} only read the files; {DECIDING_VERSION} decides")
    mode = ["--dry-run", "--Werror"] if decides else ["--dry-run"]
    files = [str(root / path) for path in tree.files(root, *tree.CPP_ENDINGS)]
    if not files:
        return
    result = subprocess.run(
        [program, *mode, "--style=file", *files], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        print(result.stderr, file=sys.stderr)
        wrong = set(re.findall(r"^(.*?):\d+:\d+: error", result.stderr, re.MULTILINE))
        yield from wrong or {f"{program} failed with exit code {result.returncode}"}


if __name__ == "__main__":
    tree.run(check, __doc__)
