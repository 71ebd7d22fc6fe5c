#!/usr/bin/env python3
"""No tabs, blanks at line ends, carriage returns or missing last line breaks in text files; every
header has an include guard KACHE_<PATH>_H_."""
import re

import tree

ENDINGS = (
    ".cc", ".cmake", ".css", ".h", ".html", ".in", ".js", ".json", ".md", ".mjs", ".proto", ".py",
    ".sh", ".ts", ".yaml", ".yml", "CMakeLists.txt", "Dockerfile",
)  # fmt: skip


def is_script(root, path):
    """A program without an ending, such as tests/run."""
    if path.suffix:
        return False
    with open(root / path, "rb") as file:
        return file.read(2) == b"#!"


def wrong_lines(root, path):
    text = tree.read(root, path)
    for number, line in enumerate(text.split("\n"), 1):
        if line.endswith("\r"):
            yield f"{path}:{number}: a carriage return"
        elif line != line.rstrip():
            yield f"{path}:{number}: a blank at the end"
        if "\t" in line:
            yield f"{path}:{number}: a tab"
    if text and not text.endswith("\n"):
        yield f"{path}: no line break at the end"


def wrong_guard(root, path):
    name = re.sub(r"[^A-Z0-9]", "_", path.as_posix().upper())
    guard = f"KACHE_{name}_"
    lines = [line for line in tree.read(root, path).splitlines() if line.strip()]
    code = [line for line in lines if not line.startswith("//")]
    opened = code[:2] == [f"#ifndef {guard}", f"#define {guard}"]
    if not opened or lines[-1] != f"#endif  // {guard}":
        yield f"{path}: the include guard is not {guard}, from the first line of code to the last"


def check(root):
    for path in tree.files(root):
        if path.name.endswith(ENDINGS) or is_script(root, path):
            yield from wrong_lines(root, path)
        if path.name.endswith(".h"):
            yield from wrong_guard(root, path)


if __name__ == "__main__":
    tree.run(check, __doc__)
