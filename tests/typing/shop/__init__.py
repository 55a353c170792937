"""A small project that uses every public name, for the type checkers. It is never run."""

from __future__ import annotations
