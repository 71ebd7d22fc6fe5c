#!/usr/bin/env python3
"""No C++ file is over 400 lines."""
import tree

MAX_LINES = 400


def check(root):
    for path in tree.files(root, *tree.CPP_ENDINGS):
        count = len(tree.read(root, path).splitlines())
        if count > MAX_LINES:
            yield f"{path}: {count} lines, more than {MAX_LINES}"


if __name__ == "__main__":
    tree.run(check, __doc__)
