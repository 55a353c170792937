"""Explain a decision: which rules were tried, which requirements were evaluated, and why.

Here: trace the guard, build the report, write it as text.
The running guard never imports this room. Only ``responses.debug``, the API and the commands do.
"""

from __future__ import annotations

from .report import Explanation

__all__ = ["Explanation"]
