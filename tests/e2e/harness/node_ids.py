"""What messages call a node (Node.node_id), from its name: by the ring's second implementation, which
shares nothing with Kache's code."""

import importlib.util

from harness import paths

_spec = importlib.util.spec_from_file_location(
    "placement_check", paths.ROOT / "tests" / "unit" / "ring" / "placement_check.py")
_placement = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_placement)


def node_id_of(name):
    return _placement.murmur3_x64_128(name.encode())[0] & 0xFFFFFFFF
