"""The files of one round:

    meta.json               seed, settings, the promises' constants, phases, the clocks' offset
    operations-P.jsonl      the operations of client process P, in the order of their ends
    faults.json             what the nemesis did (nemesis/journal.py)
    states.jsonl            every change of a node's state that a coordinator told of
    replicas.json           what every home replica of every key held in the end
    verdict.json            what the checker found

An operation is a JSON array of the fields of history/operation.py. README.md says who has to fill what.
"""

import json
import pathlib

from kit.history.operation import Operation


class OperationWriter:
    def __init__(self, folder, process):
        path = pathlib.Path(folder) / f"operations-{process}.jsonl"
        self._file = open(path, "w", buffering=1 << 16, encoding="utf-8")

    def add(self, operation):
        self._file.write(json.dumps(operation, separators=(",", ":")) + "\n")

    def close(self):
        self._file.close()


def read_operations(folder):
    """All operations of all processes, by start. A last line that a killed process left unfinished
    is left out."""
    operations = []
    for path in sorted(pathlib.Path(folder).glob("operations-*.jsonl")):
        with open(path, encoding="utf-8") as file:
            operations += [_operation(line) for line in file if line.endswith("]\n")]
    operations.sort(key=lambda operation: operation.start)
    return operations


def _operation(line):
    operation = Operation(*json.loads(line))
    return operation._replace(stamps=tuple(operation.stamps))


def write_json(folder, name, document):
    text = json.dumps(document, indent=1, default=str)
    (pathlib.Path(folder) / name).write_text(text + "\n", encoding="utf-8")


def read_json(folder, name, default=None):
    path = pathlib.Path(folder) / name
    if default is not None and not path.exists():
        return default
    return json.loads(path.read_text(encoding="utf-8"))


def read_lines(folder, name):
    path = pathlib.Path(folder) / name
    if not path.exists():
        return []
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.endswith("\n")]
