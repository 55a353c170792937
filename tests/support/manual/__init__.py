"""Runs the code blocks of README.md and docs/ (see project.py for how each kind is treated)."""

from __future__ import annotations
