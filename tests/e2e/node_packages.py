"""Puts a folder with a Node program and the packages of its lock file into the build tree: npm ci.

usage: node_packages.py FOLDER [FURTHER FOLDER...]    further ones are copied beside its files
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys

from harness import paths


def main(folder, *further):
    source = pathlib.Path(folder).resolve()
    target = paths.NODE / source.name
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        shutil.copy(file, target)
    for other in further:
        shutil.copytree(other, target / pathlib.Path(other).name, dirs_exist_ok=True)
    lock = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    stamp = target / "node_modules" / ".kache-lock"
    if stamp.exists() and stamp.read_text() == lock:
        return
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                   cwd=target, check=True)
    stamp.write_text(lock)


if __name__ == "__main__":
    main(*sys.argv[1:])
