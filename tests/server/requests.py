"""Requests as bytes, for connections that the test itself opens, holds and drops."""

import json
from typing import Any


def post_bytes(path: str, body: Any) -> bytes:
    """A whole POST request of this JSON."""
    payload = json.dumps(body).encode()
    length = f"content-length: {len(payload)}"
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json", length]
    return "\r\n".join([*lines, "", ""]).encode() + payload
