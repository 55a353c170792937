"""Benchmarks: the speed of SessionKit as ratios to other code. See README.md."""

from __future__ import annotations
