"""Detect session values in log records, and in responses that should not show them, during the whole test run."""

from __future__ import annotations

import logging
from typing import Any

# A value in every session of the tests. No view shows it.
CANARY = "canary-7c1f"


class CanaryNet(logging.Handler):
    """Collects the places where the canary was found."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.caught: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Check the message, and everything that a formatter may add to it."""
        text = logging.Formatter().format(record)
        if CANARY in text or CANARY in repr(record.args):
            self.caught.append(f"log record of {record.name}")

    def look_at(self, response: Any) -> None:
        """Check the response that a client gets. A streamed body is checked by the test that reads it."""
        content = b"" if getattr(response, "streaming", False) else response.content
        cookies = str(getattr(response, "cookies", ""))
        if CANARY in content.decode(errors="replace") or CANARY in repr(dict(response.items())) or CANARY in cookies:
            self.caught.append(f"response {response.status_code}")
