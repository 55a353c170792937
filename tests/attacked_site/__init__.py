"""The sites of `support.attacks.sites` as a Django project for real servers."""

from __future__ import annotations
