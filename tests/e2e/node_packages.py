"""Puts a folder with a Node program into the build tree, beside its packages from tests/fetch.

usage: node_packages.py FOLDER [FURTHER FOLDER...]    further ones are copied beside its files
"""

import pathlib
import shutil
import sys

from harness import paths


def main(folder, *further):
    source = pathlib.Path(folder).resolve()
    target = paths.NODE / source.name
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        if file.is_file():
            shutil.copy(file, target)
    for other in further:
        shutil.copytree(other, target / pathlib.Path(other).name, dirs_exist_ok=True)
    packages = target / "node_modules"
    if packages.is_symlink():
        packages.unlink()
    elif packages.exists():
        shutil.rmtree(packages)
    packages.symlink_to(paths.FETCHED / source.name / "node_modules")


if __name__ == "__main__":
    main(*sys.argv[1:])
