"""Run the actors through all orders, and print what was found: ``python -m tests.interleavings --all``."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import django

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # for the settings of the tests
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testsite.settings")
    django.setup()
    sys.exit(import_module(f"{__package__}.program").main())
