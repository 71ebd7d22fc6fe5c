"""REST through one gateway, on one connection that is kept; each request is sent once, and the
gateway chooses the coordinator and tries again. JSON and raw bodies take turns."""

import asyncio
import http.client
import json

from harness.rest import key_path
from kit.cluster.nodes import NODE_NAMES
from kit.history.operation import (
    DELETE, GET, OK, PUT, TOUCH, UNKNOWN_NODE, parse_version, version_text,
)
from kit.load.generator import from_bytes, to_bytes
from kit.load.messages import refused

_GRACE_SECONDS = 5.0  # for an answer that says that the deadline has passed, on a busy machine, too
_RAW = "application/octet-stream"
# The codes of errors that stand for a gRPC code of another name.
_CODES = {
    "OVERLOADED": "RESOURCE_EXHAUSTED", "RATE_LIMITED": "RESOURCE_EXHAUSTED",
    "SUPERSEDED": "ABORTED", "LIFE_OVER": "ABORTED",
}


class RestCaller:
    """`pool`: threads, one for each caller that uses it."""

    def __init__(self, gateway, port, pool):
        self.fields = {"caller": "rest", "coordinator": None, "gateway": gateway}
        self._port = port
        self._pool = pool
        self._connection = None

    async def call(self, operations, seconds):
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, self._call, operations, seconds)

    async def close(self):
        if self._connection:
            self._connection.close()

    def _call(self, operations, seconds):
        method, target, headers, body = request_of(operations)
        headers["Kache-Timeout-Ms"] = str(round(seconds * 1000))
        try:
            status, fields, answer = self._send(method, target, headers, body, seconds)
        except (OSError, http.client.HTTPException) as error:
            self._forget()
            return [refused(op, "NO_ANSWER", repr(error)) for op in operations]
        return answered(operations, status, fields, answer)

    def _send(self, method, target, headers, body, seconds):
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port)
        self._connection.timeout = seconds + _GRACE_SECONDS
        if self._connection.sock:
            self._connection.sock.settimeout(seconds + _GRACE_SECONDS)
        self._connection.request(method, target, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def _forget(self):
        self._connection.close()
        self._connection = None


def request_of(operations):
    """(method, target, headers, body)"""
    first = operations[0]
    query = f"consistency={first.level}"
    if len(operations) > 1:
        return _batch_request(operations, query)
    path = key_path(first.key)
    if first.kind == DELETE:
        return "DELETE", f"{path}?{query}", {}, None
    if first.kind == TOUCH:
        return "POST", f"{path}:touch?{query}", *_json_body({"ttlMs": first.ttl_ms})
    if first.kind != PUT:
        if first.min_version:
            query += f"&min_version={version_text(first.min_version)}"
        return "GET", f"{path}?{query}", {"Accept": _RAW} if _is_raw(first) else {}, None
    seconds = first.ttl_ms // 1000
    if _is_raw(first):
        return "PUT", f"{path}?{query}&ttl={seconds}", {"Content-Type": _RAW}, to_bytes(first.value)
    return "PUT", f"{path}?{query}", *_json_body(
        {"value": to_bytes(first.value).decode(), "ttl": seconds})


def answered(operations, status, headers, body):
    """The operations with what the answer says."""
    first = operations[0]
    if len(operations) == 1 and first.kind == GET and _is_raw(first) and status == 200:
        return [_told(first, _receipt_of(headers), body)]
    try:
        document = json.loads(body)
    except ValueError:
        return [refused(op, f"HTTP_{status}", "the body is not JSON") for op in operations]
    if len(operations) == 1:
        if "error" in document and document["error"]["code"] == "KEY_NOT_FOUND":
            return [_told(first, _receipt_of(headers), None)]
        return [_answered_one(first, document)]
    if "results" not in document:
        return [_answered_one(op, document) for op in operations]
    return [_answered_one(op, result)
            for op, result in zip(operations, document["results"], strict=True)]


def _answered_one(operation, document):
    if "error" in document:
        code = document["error"]["code"]
        return refused(operation, _CODES.get(code, code), document["error"]["message"], code)
    return _told(operation, document, document["value"].encode() if "value" in document else None)


def _told(operation, receipt, value):
    """`receipt`: as the JSON of an answer; `value`: the bytes that were read, None for a miss."""
    operation = operation._replace(
        code=OK, version=parse_version(receipt.get("version", "")),
        degraded=receipt["degraded"], acknowledged=receipt["acknowledged"],
        required=receipt["required"], expires_at_ms=receipt.get("expiresAt", 0),
        node=_node_of(receipt["node"]) if "node" in receipt else None)
    if operation.kind != GET or value is None:
        return operation
    return operation._replace(value=from_bytes(value))


def _node_of(name):
    return NODE_NAMES.index(name) if name in NODE_NAMES else UNKNOWN_NODE


def _receipt_of(headers):
    """The receipt in the headers, as JSON has it."""
    receipt = {"degraded": headers["Kache-Degraded"] == "true"}
    for name, header in (("acknowledged", "Kache-Acknowledged"), ("required", "Kache-Required"),
                         ("expiresAt", "Kache-Expires-At")):
        receipt[name] = int(headers.get(header, 0))
    for name, header in (("version", "Kache-Version"), ("node", "Kache-Node")):
        if header in headers:
            receipt[name] = headers[header]
    return receipt


def _batch_request(operations, query):
    path = "/api/v1/keys:batch"
    if operations[0].kind == PUT:
        document = {"entries": [
            {"key": op.key, "value": to_bytes(op.value).decode(), "ttl": op.ttl_ms // 1000}
            for op in operations]}
        return "POST", f"{path}Put?{query}", *_json_body(document)
    action = "Delete" if operations[0].kind == DELETE else "Get"
    return "POST", f"{path}{action}?{query}", *_json_body({"keys": [op.key for op in operations]})


def _json_body(document):
    return {"Content-Type": "application/json"}, json.dumps(document).encode()


def _is_raw(operation):
    return operation.id % 2 == 0
