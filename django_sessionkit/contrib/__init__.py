"""Adapters for other libraries: each module needs its library, and nothing of the core imports one.

An adapter may import the public modules, ``conf``, ``policy``, ``session``, ``guard`` and ``responses``.
Adapters never import each other.
"""

from __future__ import annotations
