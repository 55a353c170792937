"""The policy as plain values: patterns, rules, requirements, decisions, denial options.

Here: parse a rule, match a path, combine requirements, mark a view.
This room knows no request, no settings and no I/O. It imports only ``utils``.
"""

from __future__ import annotations
