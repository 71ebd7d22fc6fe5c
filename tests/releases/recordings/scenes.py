"""Scenes that make a release leave every kind of bookkeeping and record in Redis. The recording is made
at the end of a scene; the scene's docstring describes that moment."""

import time

from harness.waiting import wait_until
from recordings.stage import QUORUM

_KEYS = [f"key-{i}".encode() for i in range(12)]
_KEPT = [f"kept-{i}".encode() for i in range(12)]  # written once
# After that a coordinator counts as gone, and its leases still stand.
_SILENCE_SECONDS = 4.5


def whole(stage):
    """All nodes are whole and hold records of all kinds; the coordinator has stopped."""
    coordinator = stage.start_coordinator()
    _write_all_kinds(stage)
    coordinator.stop()


def living(stage):
    """A coordinator lives and has left heartbeats."""
    stage.start_coordinator()
    _write(stage)


def vanished(stage):
    """A coordinator was killed in the middle of a sweep; its lease and its cursor remain."""
    _fill_with_other_keys(stage)
    first = stage.start_coordinator()
    _write(stage)
    first.kill()
    second = stage.start_coordinator(SWEEP_KEYS_PER_SECOND=1)
    wait_until(lambda: any(_is_sweeping(stage, name) for name in stage.nodes), "a sweep is under way")
    second.kill()
    time.sleep(_SILENCE_SECONDS)


def missed(stage):
    """A node lacks writes although its marker says whole; a living coordinator has left hints."""
    stage.start_coordinator()
    _write(stage)
    stage.nodes["cache-b"].refuse_writes()
    _write_again(stage)
    stage.wait_state("cache-b", "SYNCING")


def restarted(stage):
    """A node was restarted with older contents from its disk."""
    coordinator = stage.start_coordinator()
    _write(stage)
    node = stage.nodes["cache-b"]
    node.save()
    _write_again(stage)
    coordinator.stop()
    node.kill()
    node.start()


def resyncing(stage):
    """A node came back empty and is fenced; the coordinator of its resync was killed, and its lease and
    its progress remain."""
    _fill_with_other_keys(stage)
    coordinator = stage.start_coordinator(RESYNC_KEYS_PER_SECOND=4)
    _write(stage)
    node = stage.nodes["cache-b"]
    node.kill()
    node.start()
    _write_again(stage)
    wait_until(lambda: int(stage.read("cache-b", "HGET", "kache:m:resync", "done") or 0),
               "the resync is under way")
    coordinator.kill()
    time.sleep(_SILENCE_SECONDS)


def away(stage):
    """A node is away; stand-ins hold copies for it, and the other nodes hold hints."""
    coordinator = stage.start_coordinator()
    _write(stage)
    stage.nodes["cache-b"].kill()
    stage.wait_state("cache-b", "DOWN")
    _write_again(stage)
    coordinator.stop()


def declared_lost(stage):
    """A node is away and was declared lost; another node was resynced without it."""
    coordinator = stage.start_coordinator()
    _write(stage)
    stage.nodes["cache-b"].kill()
    stage.wait_state("cache-b", "DOWN")
    node = stage.nodes["cache-c"]
    node.kill()
    node.start()
    stage.wait_state("cache-c", "SYNCING", "cache-b")
    stage.declare_lost("cache-b")
    stage.wait_state("cache-c", "UP")
    coordinator.stop()


SCENES = {scene.__name__: scene for scene in (
    whole, living, vanished, missed, restarted, resyncing, away, declared_lost)}


def _write_all_kinds(stage):
    stage.put(b"json", b'{"name": "Ada", "tags": ["x", 1, null]}')
    stage.put(b"empty", b"")
    stage.put(b"binary", bytes(range(0, 256, 5)))
    stage.put(b"long", b"long " * 400)
    stage.put("a/b c%d \N{CYRILLIC SMALL LETTER A}".encode(), b"a key of odd letters")
    stage.put(b"\x00\xff", b"a key that is no text")
    stage.put(b"an hour", b"a life", 3_600_000)
    stage.put(b"overwritten", b"old")
    stage.put(b"overwritten", b"new")
    stage.put(b"shorter", b"old")
    stage.put(b"shorter", b"still lives", 600_000)
    stage.put(b"deleted and back", b"old")
    stage.delete(b"deleted and back")
    stage.put(b"deleted and back", b"back")
    _write(stage)


def _write(stage):
    for key in _KEYS + _KEPT:
        stage.put(key, b"first")
    stage.put(b"a minute", b"a life", 60_000)
    stage.put(b"shortened", b"old")
    _end_life(stage, b"shortened")
    stage.put(b"deleted", b"old")
    stage.delete(b"deleted")


def _write_again(stage):
    """A node may be away meanwhile."""
    for i, key in enumerate(_KEYS):
        if i % 3 == 0:
            stage.put(key, b"second", level=QUORUM)
        elif i % 3 == 1:
            stage.delete(key, level=QUORUM)
        else:
            stage.put(key, b"second", 90_000, level=QUORUM)
    _end_life(stage, _KEYS[-1])


def _end_life(stage, key):
    """Stores a value whose life has ended when this returns: the key reads as a miss."""
    stage.put(key, b"short", 300, level=QUORUM)
    time.sleep(0.35)
    stage.told[key] = None


def _fill_with_other_keys(stage):
    """Of another application: a scan of all keys takes several pages."""
    for node in stage.nodes.values():
        node.call("MSET", *(part for i in range(1500) for part in (f"other:{i}", "")))


def _is_sweeping(stage, name):
    cursor = stage.read(name, "HGET", "kache:m:sweep", "cursor")
    return stage.read(name, "EXISTS", "kache:m:sweep-lease") and cursor not in (None, b"", b"0")
