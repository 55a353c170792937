"""Adapters for other libraries, one module each. The core never imports them."""

from __future__ import annotations
