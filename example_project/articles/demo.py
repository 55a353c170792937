"""The stories that ``manage.py demo`` adds."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from accounts.models import User
from django.utils import timezone

from .models import Article, Section


class Story(NamedTuple):
    title: str
    author: str
    section: Section
    published: bool
    summary: str
    body: str


# One body contains a script on purpose: nh3 removes it when the story is shown.
STORIES = (
    Story(
        "Town library lends out its silence",
        "editor",
        Section.NEWS,
        True,
        "For one quiet hour a day, the reading room may be borrowed like a book.",
        "<p>The card catalogue has a new entry: <em>one hour, quiet</em>.</p>"
        "<h2>How it works</h2><ul><li>Ask at the desk.</li><li>Whisper your name.</li></ul>"
        "<p>Read the <a href='https://example.org/library'>house rules</a>.</p>",
    ),
    Story(
        "Bakers agree on the shape of a roll",
        "editor",
        Section.NEWS,
        True,
        "After nine years, the guild settles for “roundish”.",
        "<p>“It was never about the roll,” says the guild.</p><script>alert('rolls')</script>",
    ),
    Story(
        "Ferry to run on time, by new definition",
        "admin",
        Section.NEWS,
        True,
        "From Monday, the clock at the pier follows the boat.",
        "<p>The harbour office calls it <strong>a matter of perspective</strong>.</p>",
    ),
    Story(
        "Swifts return to the station roof",
        "editor",
        Section.NEWS,
        True,
        "The departures board has been moved for them.",
        "<blockquote>They were first.</blockquote><p>Platform two stays closed till August.</p>",
    ),
    Story(
        "Mayor's cat to open the flower show",
        "editor",
        Section.NEWS,
        False,
        "The mayor will attend as well.",
        "<p>A draft: who checks the cat's calendar?</p>",
    ),
    Story(
        "The long way round the ring road",
        "admin",
        Section.PREMIUM,
        True,
        "Forty pages, one roundabout.",
        "<p>It begins, as these things do, at the second exit.</p>",
    ),
    Story(
        "The brewery is for sale",
        "editor",
        Section.EMBARGO,
        True,
        "Not a word before Friday.",
        "<p>Both buyers have asked us to wait.</p>",
    ),
)


def seed() -> None:
    """Add the stories whose title does not exist yet. Edited stories do not change."""
    now = timezone.now()
    for age, story in enumerate(STORIES):
        fields = story._asdict()
        author = User.objects.get(username=fields.pop("author"))
        published_at = now - timedelta(days=age) if fields.pop("published") else None
        Article.objects.get_or_create(
            title=fields.pop("title"),
            defaults={**fields, "author": author, "published_at": published_at},
        )
