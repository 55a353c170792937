"""The policy in an OpenAPI document: the security scheme, the denial responses, and what each operation requires.

Here: turn requirements into security requirements and into words, and add them to the operations of a document.
This room knows no API framework, and evaluates no requirement for a caller. The adapters in ``contrib`` use it.
"""

from __future__ import annotations
