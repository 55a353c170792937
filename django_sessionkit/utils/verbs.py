"""The HTTP methods that a rule or a command may name."""

from __future__ import annotations

#: the methods that views usually have code for
COMMON_VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
#: all methods, in the order in which they are shown
VERBS = (*COMMON_VERBS, "OPTIONS", "TRACE", "CONNECT")
#: the methods that change nothing: RFC 9110, section 9.2.1
SAFE_VERBS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
