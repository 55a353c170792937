"""Adapters for other libraries, one file each; the core never imports them."""

from __future__ import annotations
