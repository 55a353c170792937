"""Find mistakes in a policy: unused rules, rules in the wrong order, routes that are open by mistake.

Here: compare rules with rules and with the routes of the URLconf.
This room evaluates no requirement and sees no request. It imports ``urlconf``, ``conf``, ``policy`` and ``utils``.
"""

from __future__ import annotations
