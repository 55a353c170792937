"""A plugin of pytest, for mutants only: each run imports the test modules again.

mutmut forks the runs from a process that has imported them, where no function was changed yet. What a module makes
when it is imported, such as the requirements in ``parametrize``, would be made by the unchanged code.
"""

from __future__ import annotations

import sys
from pathlib import Path


def pytest_configure() -> None:
    for name, module in list(sys.modules.items()):
        file = Path(getattr(module, "__file__", None) or "")
        if file.name.startswith("test_") and "tests" in file.parts:
            del sys.modules[name]
