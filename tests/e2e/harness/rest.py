"""HTTP clients: a comfortable one, and one that sends exactly the bytes it is told to."""

import http.client
import json
import socket
import typing
import urllib.parse


class Response(typing.NamedTuple):
    status: int
    headers: dict  # names in lower case; fields that repeat are joined by ", "
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def error_code(self):
        return self.json()["error"]["code"]


def _joined(fields):
    headers = {}
    for name, value in fields:
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def key_path(key):
    raw = key.encode() if isinstance(key, str) else key
    return "/api/v1/keys/" + urllib.parse.quote(raw, safe="")


class RestClient:
    """One connection for each request, so that tests do not depend on each other."""

    def __init__(self, port, timeout=10, token=None, tls=None):
        """`tls`: an ssl.SSLContext."""
        self.port = port
        self.timeout = timeout
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._tls = tls

    def _connection(self):
        if self._tls is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=self.timeout,
                                           context=self._tls)

    def request(self, method, target, body=None, headers=None):
        connection = self._connection()
        try:
            connection.request(method, target, body=body, headers=self._headers | (headers or {}))
            answer = connection.getresponse()
            return Response(answer.status, _joined(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, key, query="", **headers):
        return self.request("GET", key_path(key) + query, headers=_field_names(headers))

    def head(self, key, **headers):
        return self.request("HEAD", key_path(key), headers=_field_names(headers))

    def delete(self, key, query="", **headers):
        return self.request("DELETE", key_path(key) + query, headers=_field_names(headers))

    def put_json(self, key, document, query="", **headers):
        text = document if isinstance(document, (str, bytes)) else json.dumps(document)
        fields = {"Content-Type": "application/json"} | _field_names(headers)
        return self.request("PUT", key_path(key) + query, text, fields)

    def put_raw(self, key, value, query="", **headers):
        fields = {"Content-Type": "application/octet-stream"} | _field_names(headers)
        return self.request("PUT", key_path(key) + query, value, fields)

    def post(self, action, document, query="", **headers):
        text = document if isinstance(document, (str, bytes)) else json.dumps(document)
        fields = {"Content-Type": "application/json"} | _field_names(headers)
        return self.request("POST", f"/api/v1/keys:{action}{query}", text, fields)

    def raw(self):
        return RawConnection(self.port, self.timeout)


def _field_names(headers):
    """if_none_match=... as a keyword stands for the field If-None-Match."""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


class RawConnection:
    def __init__(self, port, timeout=10):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def send(self, raw):
        self._socket.sendall(raw)
        return self

    def send_what_fits(self, raw):
        """As send; a server that has closed meanwhile is no error."""
        try:
            self._socket.sendall(raw)
        except OSError:
            pass
        return self

    def half_close(self):
        self._socket.shutdown(socket.SHUT_WR)
        return self

    def _more(self):
        chunk = self._socket.recv(65536)
        self._buffer += chunk
        return bool(chunk)

    def _take_until(self, mark):
        while mark not in self._buffer:
            if not self._more():
                raise ConnectionError(f"closed after {self._buffer[:200]!r}")
        part, self._buffer = self._buffer.split(mark, 1)
        return part

    def _take(self, size):
        while len(self._buffer) < size:
            if not self._more():
                raise ConnectionError("closed within a body")
        part, self._buffer = self._buffer[:size], self._buffer[size:]
        return part

    def read(self, to_head=False):
        """The next answer; those with status 100 are answers of their own, without a body."""
        lines = self._take_until(b"\r\n\r\n").split(b"\r\n")
        version, status, _ = lines[0].split(b" ", 2)
        assert version == b"HTTP/1.1", lines[0]
        fields = [line.decode("latin-1").split(":", 1) for line in lines[1:]]
        headers = _joined((name, value.strip()) for name, value in fields)
        status = int(status)
        if to_head or status in (100, 204, 304):
            return Response(status, headers, b"")
        assert "content-length" in headers, headers
        return Response(status, headers, self._take(int(headers["content-length"])))

    def at_end(self):
        """True when the server closes the connection without sending anything more."""
        try:
            return self._buffer == b"" and not self._more()
        except ConnectionResetError:
            return True
