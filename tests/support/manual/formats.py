"""Check the blocks that cannot be run: they must be well-formed."""

from __future__ import annotations

import json
import re

from .markdown import Block, WrongBlock


def check_json(block: Block) -> None:
    json.loads(block.code)


def check_http(block: Block) -> None:
    head, _, body = block.code.partition("\n\n")
    status, *headers = head.splitlines()
    if not status.startswith("HTTP/1.1 ") or not all(": " in line for line in headers):
        raise WrongBlock(f"{block.place}: not an HTTP response")
    if "json" in head:
        json.loads(body)


def check_brackets(block: Block) -> None:
    """Check that every bracket is closed. There is no JavaScript engine to do more."""
    waiting = []
    for sign in re.sub(r'"[^"\n]*"', "", block.code):
        if sign in "([{":
            waiting.append(sign)
        elif sign in ")]}" and (not waiting or waiting.pop() + sign not in ("()", "[]", "{}")):
            raise WrongBlock(f"{block.place}: {sign} closes nothing")
    if waiting:
        raise WrongBlock(f"{block.place}: {waiting[-1]} is not closed")
