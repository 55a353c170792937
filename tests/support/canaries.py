"""A net under the whole run: no value of a session may get into a log record or, unasked, into a response."""

from __future__ import annotations

import logging
from typing import Any

# A value in every session that the tests sign in with. No view shows it.
CANARY = "canary-7c1f"


class CanaryNet(logging.Handler):
    """Collects where the canary was seen."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.caught: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Look at the message and at whatever a formatter may add to it."""
        text = logging.Formatter().format(record)
        if CANARY in text or CANARY in repr(record.args):
            self.caught.append(f"log record of {record.name}")

    def look_at(self, response: Any) -> None:
        """Look at what a client gets. A streamed body is the affair of the test that reads it."""
        content = b"" if getattr(response, "streaming", False) else response.content
        cookies = str(getattr(response, "cookies", ""))
        if CANARY in content.decode(errors="replace") or CANARY in repr(dict(response.items())) or CANARY in cookies:
            self.caught.append(f"response {response.status_code}")
