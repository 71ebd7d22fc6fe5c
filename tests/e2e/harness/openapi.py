"""Holds real answers against an OpenAPI 3.1 document."""

import copy
import json

import jsonschema

# Fields of HTTP itself and of all answers, which no operation needs to describe.
_HTTP_FIELDS = {"content-length", "content-type", "date", "connection", "allow",
                "content-security-policy", "x-content-type-options", "referrer-policy",
                "cache-control", "vary", "x-request-id"}


def _closed(schema):
    """The schema with every object closed: a member that the document lacks is a mistake here,
    though clients are to tolerate it."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and "type" in closed:
        closed.setdefault("additionalProperties", False)
    return closed


class OpenApi:
    def __init__(self, document):
        self.document = document
        strict = copy.deepcopy(document)
        strict["components"]["schemas"] = _closed(document["components"]["schemas"])
        self._resolver = jsonschema.RefResolver("", strict)
        self.seen = set()  # (path, method, status)

    def resolve(self, item):
        if isinstance(item, dict) and "$ref" in item:
            return self._resolver.resolve(item["$ref"])[1]
        return item

    def operations(self):
        """(path, method), the method in lower case."""
        for path, item in self.document["paths"].items():
            for method in item:
                if method != "parameters":
                    yield path, method

    def validate(self, value, schema):
        jsonschema.Draft202012Validator(schema, resolver=self._resolver).validate(value)

    def check(self, path, method, answer):
        """ValidationError or AssertionError where `answer` is not as the document says."""
        where = f"{method.upper()} {path}: {answer.status}"
        operation = self.document["paths"][path][method.lower()]
        described = operation["responses"].get(str(answer.status))
        assert described, f"{where} is not described: {answer.body[:300]!r}"
        response = self.resolve(described)
        self.seen.add((path, method.lower(), str(answer.status)))
        self._check_headers(where, response, answer)
        if method.lower() == "head" or answer.status == 304:
            assert answer.body == b"", where
            return
        content = response["content"]
        kind = answer.headers["content-type"].split(";")[0]
        assert kind in content or "*/*" in content, f"{where}: {kind} is not described"
        if kind == "application/json" and kind in content:
            self.validate(json.loads(answer.body), content[kind]["schema"])

    def _check_headers(self, where, response, answer):
        described = {name.lower(): self.resolve(header)
                     for name, header in response.get("headers", {}).items()}
        for name, text in answer.headers.items():
            if name in described:
                schema = self.resolve(described[name]["schema"])
                kind = schema.get("type")
                value = json.loads(text) if kind in ("integer", "boolean") else text
                self.validate(value, schema)
            else:
                allowed = name in _HTTP_FIELDS or answer.status >= 400
                assert allowed, f"{where}: the header {name} is not described"
