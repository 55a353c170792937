"""Every sentence that a client can see. The catalogues in ``locale/`` translate them.

They are lazy: each is translated when a response contains it, and nothing is translated at import. Texts for
developers and log lines stay in English.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

# Translators: Do not translate this word. Write the code of your language, as in the HTML attribute "lang": "de",
# "pt-br", "zh-hans".
LANGUAGE: Promise = pgettext_lazy("language code", "en")

# Translators: Title of an error page, and of an error of an API (HTTP status 401): the visitor is not logged in.
UNAUTHORIZED: Promise = pgettext_lazy("HTTP status", "Unauthorized")
# Translators: Title of an error page, and of an error of an API (HTTP status 403): the visitor lacks a right.
FORBIDDEN: Promise = pgettext_lazy("HTTP status", "Forbidden")
# Translators: Title of an error page, and of an error of an API (HTTP status 503).
SERVICE_UNAVAILABLE: Promise = pgettext_lazy("HTTP status", "Service Unavailable")

# Translators: The visitor has to log in first. "Session" is what exists between login and logout.
NEEDS_SESSION: Promise = gettext_lazy("A session is required.")
# Translators: The visitor is logged in, but lacks the right to open the page or to do what was requested.
LACKS_RIGHT: Promise = gettext_lazy("This session does not have the right to do that.")
# Translators: No visitor at all has the right, whoever logs in.
FOR_NOBODY: Promise = gettext_lazy("Nobody has the right to do that.")
# Translators: The visitor is logged in, but this site does not accept the login (for example, a deactivated account).
NO_VALID_SESSION: Promise = gettext_lazy("This login gives no valid session.")
# Translators: The visitor is logged in, but logged in too long ago for this page, for example to change a password.
NEEDS_RECENT_LOGIN: Promise = gettext_lazy("Your last login was too long ago for that. Please log in again.")
# Translators: The visitor is logged in, but for example only with a password. This page needs a second factor as well.
NEEDS_FACTOR: Promise = gettext_lazy("That needs a login with another factor, such as a one-time code.")
# Translators: A technical problem that passes.
UNKNOWN_FOR_NOW: Promise = gettext_lazy("The session cannot be looked up at the moment. Please try again later.")
# Translators: CSRF (cross-site request forgery) is not translated. The API refuses a request without a valid token.
CSRF_FAILED: Promise = gettext_lazy("CSRF check failed")
# Translators: Shown in place of the user's name, on pages of Django REST framework.
SIGNED_IN: Promise = gettext_lazy("signed in")
