"""The sites of `support.hostile_sites` as a Django project for real servers."""

from __future__ import annotations
