"""Compare responses with those that a page of the manual shows."""

from __future__ import annotations

from django.http import HttpResponse

from .markdown import Block


def same_response(shown: Block, response: HttpResponse) -> bool:
    """Return ``True`` if a response has the status, the headers and the body that the page shows."""
    head, _, body = shown.code.partition("\n\n")
    first, *headers = head.splitlines()
    assert first == f"HTTP/1.1 {response.status_code} {response.reason_phrase}"
    wanted = dict(line.split(": ", 1) for line in headers)
    have = {name: response[name].replace("; charset=utf-8", "") for name in wanted if name in response}
    assert have == {name: value.replace("; charset=utf-8", "") for name, value in wanted.items()}
    return response.content.decode() == body.strip()
