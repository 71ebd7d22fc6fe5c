"""Which targets a tree's CMakeLists.txt files make, and what each links. Reads the few commands
that this project uses; no variables."""
import collections
import re

import layers
import tree

COMMAND = re.compile(
    r"\b(kache_library|add_library|add_executable|target_link_libraries)\s*\(([^)]*)\)"
)
SCOPES = ("PUBLIC", "PRIVATE", "INTERFACE")


def home_of(path, folders):
    """The nearest of `folders` at or above the file's: whose targets it goes into."""
    folder = path.rpartition("/")[0]
    while folder and folder not in folders:
        folder = folder.rpartition("/")[0]
    return folder or None


class Targets:
    def __init__(self, root):
        self.home = {}  # target -> folder
        self.folders = set()
        self._links = collections.defaultdict(list)  # target -> [(scope, name)]
        for path in tree.files(root, "CMakeLists.txt"):
            folder = path.parent.as_posix()
            if path.parts[0] in tree.PRODUCTION_FOLDERS:
                self._read(folder, re.sub(r"#[^\n]*", "", tree.read(root, path)))

    def _read(self, folder, text):
        for command, arguments in COMMAND.findall(text):
            words = arguments.split()
            if command != "target_link_libraries":
                self.home[words[0]] = folder
                self.folders.add(folder)
                continue
            scope = "PUBLIC"  # what CMake makes of a link without a scope
            for word in words[1:]:
                if word in SCOPES:
                    scope = word
                else:
                    self._links[words[0]].append((scope, word))

    def _meaning(self, name):
        """A folder of ours, a library, or None."""
        if name in self.home:
            return self.home[name]
        return layers.library_of(name, layers.TARGET_LIBRARIES)

    def links_of(self, folder):
        """(target, scope, name, meaning) of each link that a folder's targets make themselves."""
        for target, home in self.home.items():
            for scope, name in self._links[target] if home == folder else []:
                if name not in layers.UNJUDGED_TARGETS:
                    yield target, scope, name, self._meaning(name)

    def reach_of(self, folder):
        """All that a folder's targets link, with what these hand on publicly."""
        reached = set()
        waiting = [name for _, _, name, _ in self.links_of(folder)]
        while waiting:
            name = waiting.pop()
            meaning = self._meaning(name)
            if meaning is not None:
                reached.add(meaning)
            for scope, further in self._links.get(name, []) if name in self.home else []:
                if scope != "PRIVATE" and further not in layers.UNJUDGED_TARGETS:
                    waiting.append(further)
        return reached
