"""How fast SessionKit is, as ratios to what it is compared with; see README.md."""

from __future__ import annotations
