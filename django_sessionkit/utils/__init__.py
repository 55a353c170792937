"""Small tools that know nothing of sessions, settings or requests.

Here: run one flow sync or async, build hints for error messages, keep a bounded cache.
This room imports nothing of the package but the exceptions.
"""

from __future__ import annotations
