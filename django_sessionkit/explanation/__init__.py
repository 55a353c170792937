from __future__ import annotations

from .report import Explanation

__all__ = ["Explanation"]
