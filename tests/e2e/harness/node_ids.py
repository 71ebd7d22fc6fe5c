"""What messages call a node (Node.node_id), from its name, and where keys live: by the ring's second
implementation, which shares nothing with Kache's code."""

import functools
import importlib.util

from harness import paths

_spec = importlib.util.spec_from_file_location(
    "placement_check", paths.ROOT / "tests" / "unit" / "ring" / "placement_check.py")
_placement = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_placement)


def node_id_of(name):
    return _placement.murmur3_x64_128(name.encode())[0] & 0xFFFFFFFF


def placement_of(key, names, vnodes=100):
    """The ids of the nodes named `names`, in the order of the key's preference list."""
    order = _placement.preference(_ring(tuple(names), vnodes), _placement.token(key), len(names))
    return [node_id_of(name) for name in order]


@functools.lru_cache
def _ring(names, vnodes):
    return _placement.virtual_nodes(names, vnodes)
