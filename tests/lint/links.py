#!/usr/bin/env python3
"""No arrow goes up or sideways: includes and CMake's links obey the layers of layers.py, agree with
each other, and no header is an umbrella."""
import re

import cmake_targets
import layers
import tree

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)

# Its target is made of generated code, which is not in the tree.
GENERATED_FOLDER = "proto"


class Sources:
    """The production files of a tree, and what each includes."""

    def __init__(self, root):
        self.includes = {}  # path -> list of (is_quoted, name)
        self.texts = {}
        for path in tree.files(root, *tree.CPP_ENDINGS):
            if path.parts[0] == "tests":
                continue
            text = tree.without_comments(tree.read(root, path))
            name = path.as_posix()
            self.texts[name] = text
            self.includes[name] = [(mark == '"', what) for mark, what in INCLUDE.findall(text)]

    def is_ours(self, name):
        return name in self.includes or name.split("/")[0] in tree.PRODUCTION_FOLDERS

    def ours(self, path):
        return [what for _, what in self.includes.get(path, []) if self.is_ours(what)]

    def libraries(self, path):
        """(library, header) for what is not ours; generated code counts as the folder proto."""
        for _, what in self.includes.get(path, []):
            library = layers.library_of(what, layers.HEADER_LIBRARIES)
            if library and not is_generated(what):
                yield library, what


def is_generated(header):
    return header.endswith(".pb.h") and not header.startswith("google/protobuf/")


def may_include(layer_key, path, header):
    """A header of the same folder, of the same layer, or of one below."""
    if header.rpartition("/")[0] == path.rpartition("/")[0]:
        return True
    if layers.layer_key(header) == layer_key:
        return True
    allowed = layers.LAYERS[layer_key].ours
    return any(header == name or header.startswith(name + "/") for name in allowed)


def wrong_includes(sources):
    for path, includes in sources.includes.items():
        key = layers.layer_key(path)
        if key is None:
            yield f"{path}: its folder stands in no layer"
            continue
        layer = layers.LAYERS[key]
        for quoted, what in includes:
            if is_generated(what):
                if "proto" not in layer.ours:
                    yield f"{path}: generated code ({what}) is not for {key}"
            elif sources.is_ours(what):
                if not may_include(key, path, what):
                    yield f"{path}: {key} must not include {what}"
            elif any(what.startswith(prefix) for prefix in layer.forbidden):
                yield f"{path}: {key} must not include <{what}>"
            elif quoted and layers.library_of(what, layers.HEADER_LIBRARIES) is None:
                yield f'{path}: "{what}" is neither ours (from the root) nor a known library\'s'


def wrong_libraries(sources):
    """Libraries that a file sees, be it by way of our own headers."""
    for path in sources.includes:
        key = layers.layer_key(path)
        if key is None:
            continue
        allowed = layers.LAYERS[key].libraries
        seen, waiting = {path}, [(path, "")]
        while waiting:
            at, way = waiting.pop()
            for library, header in sources.libraries(at):
                if library not in allowed:
                    yield f"{path}: {key} must not see {library} ({header}{way})"
            for header in sources.ours(at):
                if header not in seen:
                    seen.add(header)
                    waiting.append((header, f", by way of {header}"))


def umbrellas(sources):
    for path, text in sources.texts.items():
        code = [line for line in text.splitlines() if line.strip()]
        code = [line for line in code if not line.lstrip().startswith("#")]
        if path.endswith(".h") and len(sources.includes[path]) > 1 and not code:
            yield f"{path}: an umbrella header, nothing but includes"


def used_by(sources, folder, folders_with_targets):
    """Folders and libraries included by what a folder's targets are made of, with one file each."""
    used = {}
    for path in sources.includes:
        if cmake_targets.home_of(path, folders_with_targets) != folder:
            continue
        for library, _ in sources.libraries(path):
            used[library] = path
        for _, what in sources.includes[path]:
            if is_generated(what):
                used["proto"] = path
            elif sources.is_ours(what):
                home = cmake_targets.home_of(what, folders_with_targets)
                if home and home != folder:
                    used[home] = path
    return used


def allowed_links(folder, folders_with_targets):
    """What the layers whose files go into the folder's targets allow, taken together."""
    allowed = {folder}
    for key, layer in layers.LAYERS.items():
        inside = cmake_targets.home_of(key + "/", folders_with_targets) == folder
        if inside or key == layers.layer_key(folder):
            allowed |= layer.libraries
            for name in layer.ours:
                allowed.add(name.rpartition("/")[0] if name.endswith(".h") else name)
    return allowed


def wrong_links(sources, targets):
    for folder in sorted(targets.folders):
        where = f"{folder}/CMakeLists.txt"
        allowed = allowed_links(folder, targets.folders)
        used = used_by(sources, folder, targets.folders)
        for target, scope, name, what in targets.links_of(folder):
            if what is None:
                yield f"{where}: {target} links {name}, which layers.py does not know"
            elif what not in allowed:
                yield f"{where}: {target} must not link {name}"
            elif what in layers.PRIVATE_LIBRARIES and scope != "PRIVATE":
                yield f"{where}: {target} must link {name} PRIVATE"
            elif what != folder and folder != GENERATED_FOLDER and not is_used(what, used):
                yield f"{where}: {target} links {name} but includes nothing of it"
        linked = targets.reach_of(folder)
        for what, path in used.items():
            if not is_provided(what, linked):
                yield f"{path}: includes {what}, which {where} does not link"


def is_used(what, used):
    if what == "boost":
        return bool(layers.PROVIDED_BY_BOOST & set(used))
    if what in ("protobuf", "grpc"):
        return bool({"protobuf", "grpc", "proto"} & set(used))
    return what in used


def is_provided(what, linked):
    if what in layers.PROVIDED_BY_BOOST:
        return bool({"boost", "json", "url"} & linked)
    return what in linked


def check(root):
    sources = Sources(root)
    yield from wrong_includes(sources)
    yield from wrong_libraries(sources)
    yield from umbrellas(sources)
    yield from wrong_links(sources, cmake_targets.Targets(root))


if __name__ == "__main__":
    tree.run(check, __doc__)
