"""What the coordinators said of the nodes, and when: states.jsonl (kit/cluster/watcher.py). Pure."""

import typing

from kit.checker.settings import SECOND

# How long a coordinator may take to notice by its own traffic and pings that a node is bad, before
# it says so; and how much later than a change we may have seen it.
NOTICE = SECOND * 3 // 2
_UP = "UP"
_WATCHED = 1_300_000  # us: how long the watcher may take to see that a coordinator is silent


class Trouble(typing.NamedTuple):
    begin: int
    end: int
    silent: bool  # the coordinator itself did not answer


class Absence(typing.NamedTuple):
    """One coordinator calls a node something else than UP."""
    node: int
    state: str
    reason: str
    before: int  # when the coordinator was last asked and said otherwise, or nothing
    at: int  # when it had said so


class States:
    """`end`: of the round."""

    def __init__(self, meta, lines, settings):
        self._begin, self._end = meta["begin"], meta["end"]
        self._wall_offset_ms = meta["wall_offset_ms"]
        self._lines = [self._of(c, lines) for c in settings.coordinators]

    def of(self, coordinator):
        """Its lines, each with `until`: when it was asked and said something else."""
        return self._lines[coordinator]

    def up_at(self, healed, nodes):
        """When all coordinators had called these nodes UP after `healed`."""
        return max([healed, *(self._first(lines, healed, nodes) for lines in self._lines)])

    def serving_at(self, coordinator, healed):
        """When a coordinator that was hit until `healed` answered again."""
        at = healed
        for line in self._lines[coordinator]:
            if line["nodes"] is None and line["at"] <= at + _WATCHED and line["until"] > at:
                at = line["until"]
        return at

    def troubles(self, coordinator, nodes=None):
        """When that coordinator did not answer, or did not call all those nodes UP. While it is silent they
        stay what they were, and become what it says next."""
        lines = self._lines[coordinator]
        if not lines or lines[0]["at"] > self._begin:
            yield Trouble(self._begin, lines[0]["at"] if lines else self._end, True)
        for i, line in enumerate(lines):
            if not _all_up(line, nodes):
                begin = self._since(line, nodes, line["before"] if i else line["at"])
                silent = line["nodes"] is None and not self._is_between_bad(lines, i, nodes)
                yield Trouble(begin - NOTICE, line["ended"], silent)
            elif i and lines[i - 1]["nodes"] != line["nodes"]:
                # Away and back between two questions.
                yield Trouble(line["before"], line["answered"], lines[i - 1]["nodes"] is None)

    def silences(self, coordinator):
        """The spans in which it did not answer, from its last answer to its next one."""
        return [(line["before"], line["ended"]) for line in self._lines[coordinator]
                if line["nodes"] is None]

    @staticmethod
    def _is_between_bad(lines, i, nodes):
        """Whether some of the nodes were away before a silence, or are after it."""
        return any(line["nodes"] is not None and not _all_up(line, nodes)
                   for line in (*lines[max(0, i - 1):i], *lines[i + 1:i + 2]))

    def absences(self, coordinator):
        """Each once, where it begins: a node that stays away and only changes its state goes on."""
        away = set()
        for line in self._lines[coordinator]:
            nodes = line["nodes"]
            if nodes is None:
                away = set()
                continue
            for node, (state, reason, *_) in enumerate(nodes):
                if state == _UP:
                    away.discard(node)
                elif node not in away:
                    away.add(node)
                    yield Absence(node, state, reason, line["before"], line["answered"])

    def _of(self, coordinator, lines):
        """What a line says was so at some moment between `at` and `answered`, and until some moment
        between `until` and `ended`."""
        lines = [{"answered": line["at"], **line} for line in lines
                 if line["coordinator"] == coordinator]
        end = {"at": self._end, "answered": self._end}
        for line, following in zip(lines, [*lines[1:], end]):
            line["until"], line["ended"] = following["at"], following["answered"]
        return lines

    def _first(self, lines, healed, nodes):
        for line in lines:
            if line["until"] >= healed and _all_up(line, nodes):
                return max(healed, line["at"])
        return self._end

    def _since(self, line, nodes, earliest):
        """When it began, as the coordinator itself says where that can be."""
        if line["nodes"] is None:
            return earliest
        bad = [n[2] for j, n in enumerate(line["nodes"])
               if n[0] != _UP and (nodes is None or j in nodes)]
        said = int((min(bad) - self._wall_offset_ms) * 1000)
        return said if earliest < said < line["answered"] else earliest


def _all_up(line, nodes=None):
    return line["nodes"] is not None and all(
        node[0] == _UP for i, node in enumerate(line["nodes"]) if nodes is None or i in nodes)
