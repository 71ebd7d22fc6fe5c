"""What the lint checks share: the files of a source tree, and how a check reports."""
import os
import pathlib
import re
import sys

# Not sources: build output, downloads, caches, and inputs kept byte for byte.
SKIPPED_FOLDERS = {".cache", ".git", "__pycache__", "build", "corpus", "node_modules"}
CPP_ENDINGS = (".cc", ".h")
PRODUCTION_FOLDERS = ("base", "ring", "security", "http", "proto", "server", "gateway", "client")


def files(root, *endings):
    """All files of the tree, relative to `root`, sorted; with `endings` only those that end so."""
    root = pathlib.Path(root)
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in names:
            path = pathlib.Path(folder, name).relative_to(root)
            if not endings or name.endswith(endings):
                found.append(path)
    return sorted(found)


def read(root, path):
    # Not read_text(), which would turn carriage returns into line breaks.
    return pathlib.Path(root, path).read_bytes().decode("utf-8")


def without_comments(text):
    """C++ text with its comments blanked out. Good enough for preprocessor lines."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


def run(check, description):
    """Runs `check(root)`, which yields complaints, on the tree given as the only argument."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} ROOT\n\n{description}")
    complaints = sorted(check(pathlib.Path(sys.argv[1])))
    for complaint in complaints:
        print(complaint)
    if complaints:
        sys.exit(f"{len(complaints)} complaints. This check: {description.strip()}")
