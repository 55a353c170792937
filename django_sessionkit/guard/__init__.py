"""Decide whether a request may reach its view.

Here: find the rule, evaluate its requirement, choose the kind of response to a denial.
This room never builds a response. It imports ``session``, ``conf``, ``policy``, ``utils`` and ``urlconf.spelling``.
"""

from __future__ import annotations
