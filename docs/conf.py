"""The manual: ``sphinx-build -W -n -b html docs docs/_build`` (needs no network)."""

from __future__ import annotations

import django_sessionkit

project = "django-sessionkit"
author = "The django_sessionkit authors"
project_copyright = author
version = release = django_sessionkit.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"django-sessionkit {version}"
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "  # what the button leaves out, together with the output
copybutton_prompt_is_regexp = True
autodoc_member_order = "bysource"

nitpick_ignore_regex = [
    # Other projects: there is no inventory to look them up in without a network.
    ("py:.*", r"(django|collections|typing|os)\..*|Any|Callable|HttpRequest|Mapping|Promise|Sequence|Unpack|View"),
    ("py:.*", r"(Async)?Client"),
    # Type variables, and types of our own that nobody has to write down.
    ("py:.*", r"(.*\.)?(C|P|R|V|Caller|RoleHierarchy|DenialOptions|Who)"),
]
