"""The nodes of a round by name, and what messages call them."""

from harness.node_ids import node_id_of

# The names of as many nodes as a ring may have here; a ring of n nodes has the first n.
NODE_NAMES = ("cache-a", "cache-b", "cache-c", "cache-d", "cache-e", "cache-f", "cache-g")

# From the node_id of receipts and Locate to the place in NODE_NAMES.
NODE_OF_ID = {node_id_of(name): node for node, name in enumerate(NODE_NAMES)}
