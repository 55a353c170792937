"""The sites of `support.hostile_sites` as a project for real servers."""

from __future__ import annotations
