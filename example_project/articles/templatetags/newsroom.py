from __future__ import annotations

from typing import Any

import nh3
from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

ALLOWED_TAGS = {"p", "br", "h2", "h3", "strong", "em", "ul", "ol", "li", "blockquote", "a"}
ALLOWED_ATTRIBUTES = {"a": {"href"}}


@register.filter
def clean_html(value: str) -> SafeString:
    """Remove scripts, styles and unknown tags from HTML that a user wrote.

    This happens when the text is shown, not when it is saved, so that a stricter list applies to old texts too.
    """
    cleaned = nh3.clean(
        value,
        tags=ALLOWED_TAGS,
        attributes=ALLOWED_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
    )
    return mark_safe(cleaned)  # noqa: S308 - nh3 has just cleaned it


@register.inclusion_tag("includes/nav_link.html", takes_context=True)
def nav_link(context: dict[str, Any], view_name: str, text: str) -> dict[str, Any]:
    """A menu entry that marks the current page."""
    url = reverse(view_name)
    request = context.get("request")
    return {"url": url, "text": text, "current": request is not None and request.path == url}
