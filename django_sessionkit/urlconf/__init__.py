"""What a URLconf says: its routes, the paths they match, the forms in which a path can be written.

Here: list routes, walk patterns, read regular expressions.
This room runs no view. It imports ``conf``, ``policy`` and ``utils``. The guard may import ``spelling`` only.
"""

from __future__ import annotations
