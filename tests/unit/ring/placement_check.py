#!/usr/bin/env python3
"""Kache's placement of keys, written a second time from docs/ring.md, with a plain search.

Without arguments: recomputes placement.golden and fails when a line differs.
With --write: writes it. Only for new rings and keys; existing lines never change.
"""
import pathlib
import sys

GOLDEN = pathlib.Path(__file__).with_name("placement.golden")
MASK = 2**64 - 1

HEAD = """\
# Where Kache places keys. Fixed for ever; docs/ring.md describes the algorithm.
#
#   ring <virtual nodes per server> <replication factor> <fingerprint> <names, comma-separated>
#   key <bytes in hex> <token> <servers of the preference list, nearest first>
#
# Each `key` line belongs to the last `ring` line above it. A token is the first 64 bits (h1) of
# MurmurHash3 x64-128 with seed 0, here in hex. Virtual node i of a server (i from 0) stands at the
# token of the text "<name>#<i>". The list holds the distinct servers met from the first virtual
# node whose token is >= the key's, upwards, and from the lowest again after the highest; equal
# tokens stand in the order of their servers' names. Lists end after at most 8 servers here.
#
# placement_check.py, beside this file, is a complete implementation in Python.
"""


def murmur3_x64_128(data: bytes, seed: int = 0) -> tuple[int, int]:
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F

    def rotate(x, bits):
        return ((x << bits) | (x >> (64 - bits))) & MASK

    def scramble(word, first, bits, second):
        return rotate(word * first & MASK, bits) * second & MASK

    def avalanche(x):
        x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCD & MASK
        x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53 & MASK
        return x ^ (x >> 33)

    h1 = h2 = seed
    whole = len(data) // 16 * 16
    for at in range(0, whole, 16):
        k1 = int.from_bytes(data[at : at + 8], "little")
        k2 = int.from_bytes(data[at + 8 : at + 16], "little")
        h1 = ((rotate(h1 ^ scramble(k1, c1, 31, c2), 27) + h2) * 5 + 0x52DCE729) & MASK
        h2 = ((rotate(h2 ^ scramble(k2, c2, 33, c1), 31) + h1) * 5 + 0x38495AB5) & MASK
    tail = data[whole:]
    h1 ^= scramble(int.from_bytes(tail[:8], "little"), c1, 31, c2)
    h2 ^= scramble(int.from_bytes(tail[8:], "little"), c2, 33, c1)

    h1 ^= len(data)
    h2 ^= len(data)
    h1 = (h1 + h2) & MASK
    h2 = (h2 + h1) & MASK
    h1, h2 = avalanche(h1), avalanche(h2)
    h1 = (h1 + h2) & MASK
    return h1, (h2 + h1) & MASK


def token(data: bytes) -> int:
    return murmur3_x64_128(data)[0]


def virtual_nodes(names, vnodes):
    return sorted((token(f"{name}#{i}".encode()), name) for name in names for i in range(vnodes))


def preference(ring, key_token, count):
    first = next((i for i, (at, _) in enumerate(ring) if at >= key_token), 0)
    met = []
    for _, name in ring[first:] + ring[:first]:
        if name not in met:
            met.append(name)
        if len(met) == count:
            break
    return met


def fingerprint(names, vnodes, copies):
    lines = [f"vnodes_per_node={vnodes}", f"replication_factor={copies}", *sorted(names)]
    return token("".join(line + "\n" for line in lines).encode())


def golden_rings():
    """(virtual nodes, replication factor, names)"""
    yield 100, 3, [f"localhost:{port}" for port in range(6379, 6383)]
    yield 100, 3, ["redis-0", "redis-1", "redis-2", "redis-3", "redis-4"]
    yield 1, 1, ["only"]
    yield 7, 2, ["b", "a", "A", "a.b", "a-b", "a_b", "a1", "a11"]
    yield 100, 3, [f"cache-{i}" for i in range(64)]


def golden_keys():
    yield b"\x00"
    yield b"\xff\xfe\x00\x80"
    yield "schlüssel".encode()
    yield b"redis-0#0"  # the name of a virtual node is a key like any other
    for length in (1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 1024):
        yield bytes((7 * i + length) % 256 for i in range(length))
    for i in range(25):
        yield f"user:{i}".encode()


def golden_text():
    lines = []
    for vnodes, copies, names in golden_rings():
        mark = fingerprint(names, vnodes, copies)
        lines.append(f"ring {vnodes} {copies} {mark:016x} {','.join(names)}")
        ring = virtual_nodes(names, vnodes)
        for key in golden_keys():
            preferred = preference(ring, token(key), min(8, len(names)))
            lines.append(f"key {key.hex()} {token(key):016x} {','.join(preferred)}")
    return HEAD + "\n".join(lines) + "\n"


def main():
    assert murmur3_x64_128(b"hello") == (0xCBD8A7B341BD9B02, 0x5B1E906A48AE1D19)
    text = golden_text()
    if sys.argv[1:] == ["--write"]:
        GOLDEN.write_text(text)
        return 0
    stored = GOLDEN.read_text().splitlines()
    computed = text.splitlines()
    wrong = [(i, a, b) for i, (a, b) in enumerate(zip(stored, computed), 1) if a != b]
    for number, a, b in wrong[:10]:
        print(f"{GOLDEN.name}:{number}\n  stored   {a}\n  computed {b}")
    if len(stored) != len(computed):
        print(f"{GOLDEN.name}: {len(stored)} lines, computed {len(computed)}")
    return 1 if wrong or len(stored) != len(computed) else 0


if __name__ == "__main__":
    sys.exit(main())
