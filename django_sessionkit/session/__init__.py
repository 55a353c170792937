"""The session of a request: load it, validate it, check its version, change it, override it.

Here: everything between the stored dict and the ``Session`` value, and the context variable that holds it.
This room imports ``conf``, ``policy`` and ``utils``. It decides nothing about access.
"""

from __future__ import annotations
