"""Find redirect targets, such as login pages, that do not exist, are covered by a rule, or redirect in a loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import NamedTuple
from urllib.parse import unquote

from django.urls import get_script_prefix
from django.utils.functional import Promise
from django.utils.translation import get_language_from_path

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.conf.urlconf import is_translated_from, uses_language_prefix
from django_sessionkit.patterns import split
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.policy.path_variants import strip_language
from django_sessionkit.requirements import Factor, Recent, Requirement, leaves
from django_sessionkit.urlconf.inventory import Route
from django_sessionkit.utils.text import nearest

from .coverage import PolicyCoverage
from .exposure import matches, path_of_target, redirect_loops
from .rule_faults import MOST_HINTS, Finding, file_patterns

# URL names that login pages usually have.
_LOGIN_NAMES = ("login", "account_login", "log-in", "log_in", "signin", "sign-in", "sign_in")
_REAUTH = "SESSIONKIT_REAUTH_URL"
_NAME_A_PAGE = "Name a page of this site: a URL name, or a path."


class _Target(NamedTuple):
    """A redirect target: the rule, view or setting that has it, under which key, and whether it can come to be used."""

    place: str
    key: str
    target: str | Promise
    is_used: bool
    rule: int | None = None

    @property
    def is_login(self) -> bool:
        """Whether anonymous callers are redirected there, and not callers with a session."""
        return self.key != "redirect_to" and self.place != _REAUTH


def _targets(coverage: PolicyCoverage) -> Iterator[_Target]:
    """Yield the pages that the settings, rules and views redirect to."""
    settings, senders = coverage.settings, list(_senders(coverage))
    if settings.login_url is not None:
        name = "LOGIN_URL" if conf.django_setting("SESSIONKIT_LOGIN_URL") is None else "SESSIONKIT_LOGIN_URL"
        is_used = settings.global_protect or any(
            options.may_lead_to_login and not requirement.is_closed for _, _, requirement, options in senders
        )
        yield _Target(name, "", settings.login_url, is_used)
    if settings.reauth_url is not None:
        is_used = any(
            options.sends_to_login and next(leaves(requirement, Recent, Factor), None) is not None
            for _, _, requirement, options in senders
        )
        yield _Target(_REAUTH, "", settings.reauth_url, is_used)
    for place, rule, requirement, options in senders:
        if options.login_url is not None:
            is_used = options.sends_to_login and not requirement.is_closed
            yield _Target(place, "login_url", options.login_url, is_used, rule)
        if options.redirect_to is not None:
            is_used = options.on_deny == "auto" and options.api is not True
            yield _Target(place, "redirect_to", options.redirect_to, is_used, rule)


def _senders(coverage: PolicyCoverage) -> Iterator[tuple[str, int | None, Requirement, DenialOptions]]:
    """Yield what may deny a request: every rule that is not public, and every decorator and mixin of a view."""
    for number, rule in enumerate(coverage.rules):
        if not rule.is_public:
            yield rule.label, number, rule.requirement, rule.options
    for view, requirement, options in coverage.marks_of_views():
        yield view, None, requirement, options


def missing_used_pages(coverage: PolicyCoverage) -> list[Finding]:
    """Return the login pages and redirect targets that do not exist, and that a rule or view redirects to."""
    return _missing_pages(coverage, is_used=True)


def missing_unused_pages(coverage: PolicyCoverage) -> list[Finding]:
    """Return those that do not exist either, but that only ``enforce()`` could redirect to."""
    return _missing_pages(coverage, is_used=False)


def _missing_pages(coverage: PolicyCoverage, is_used: bool) -> list[Finding]:
    targets = [one for one in _targets(coverage) if one.is_used is is_used] if coverage.routes else []
    is_answered = cache(partial(_is_answered, coverage))
    missing = [one for one in targets if not _is_page(one.target, is_answered)]
    return [_missing(coverage, one, has_hint=number < MOST_HINTS) for number, one in enumerate(missing)]


def _is_page(target: str | Promise, is_answered: Callable[[str], bool]) -> bool:
    path = path_of_target(target)
    return path is not None and (not str(target).startswith("/") or is_answered(path))


def _is_answered(coverage: PolicyCoverage, path: str) -> bool:
    """Return ``True`` if a route matches the path or what Django redirects it to, or if something else may answer."""
    if installed.has_fallback() or any(one.matches(split(path)) for one in file_patterns()):
        return True
    mount, bare = get_script_prefix().rstrip("/"), unquote(path)
    written = {bare, bare.removeprefix(mount) if bare.startswith(f"{mount}/") else bare}
    if uses_language_prefix(None):
        written |= {f"/{coverage.settings.language_code}{one}" for one in written}
    if coverage.settings.append_slash:
        written |= {f"{one}/" for one in written}
    return any(route.accepts(one) for route in coverage.routes for one in written)


def _missing(coverage: PolicyCoverage, one: _Target, has_hint: bool) -> Finding:
    who = "An anonymous caller" if one.is_login else "A denied caller"
    verb = "is" if one.is_used else "would be"
    text, where = _text_of(one.target), f' in "{one.key}"' if one.key else ""
    if text is not None and text.startswith("/"):
        fault = f'no route matches "{text}"{where}. {who} {verb} redirected to a page that does not exist.'
    else:
        name = f'the URL name "{text}"' if text is not None else "the lazy URL"
        fault = f"{name}{where} cannot be reversed. {who} {verb} not redirected, and gets a 403 response."
    return Finding(one.place, fault, _remedy(coverage, one, text or "") if has_hint else _NAME_A_PAGE, one.rule)


def _text_of(target: str | Promise) -> str | None:
    return target if isinstance(target, str) else path_of_target(target)


def _remedy(coverage: PolicyCoverage, one: _Target, text: str) -> str:
    names = {route.view_name for route in coverage.routes if route.url_name}
    if text in names:
        return f'The route "{text}" has arguments, which a redirect cannot fill in. Name another page.'
    near = nearest(text, _literal_paths(coverage.routes) if text.startswith("/") else names)
    if near is not None:
        return f'Did you mean "{near}"?'
    return _login_remedy(coverage, one) if one.is_login else _NAME_A_PAGE


def _literal_paths(routes: Iterable[Route]) -> set[str]:
    parts = [route.parts for route in routes if route.parts]
    return {f"/{'/'.join(map(str, one))}/" for one in parts if all(isinstance(part, str) for part in one)}


def _login_remedy(coverage: PolicyCoverage, one: _Target) -> str:
    """Return the hint for a missing login page: the one that the project has, or how to add one."""
    pages = [route for route in coverage.routes if route.url_name in _LOGIN_NAMES]
    own = [route.view_name for route in pages if not is_admin_login(route)]
    setting = f'"{one.key}": ' if one.key else f"{one.place} = "
    if own:
        return f'Write {setting}"{own[0]}", which is a page of this site.'
    addition = 'dd a login page, such as path("accounts/", include("django.contrib.auth.urls")), and name it here.'
    if not pages:
        return f"A{addition}"
    admin = f'Write {setting}"{pages[0].view_name}" to use the login page of the admin, which only lets in staff'
    return f"{admin}; or a{addition}"


def is_admin_login(route: Route) -> bool:
    """Return ``True`` for the login page of an admin site."""
    return route.url_name == "login" and "admin" in route.match.app_names


def login_paths(coverage: PolicyCoverage) -> list[str]:
    """Return the paths of the login pages of the settings and rules, as far as these pages exist."""
    paths = (_with_language(coverage, path_of_target(url)) for url in coverage.settings.login_urls)
    return [path for path in paths if path is not None and _is_answered(coverage, path)]


def round_trips(coverage: PolicyCoverage) -> list[Finding]:
    """Return the rules and views whose ``redirect_to`` leads a user to a login page, or back to the rule itself."""
    found = _redirects_to_login(coverage)
    known = {one.rule for one in found}
    return [*found, *(one for one in redirect_loops(coverage) if one.rule not in known)]


def _redirects_to_login(coverage: PolicyCoverage) -> list[Finding]:
    """Return those that lead to a login page. Another login does not give the user the right."""
    pages = {path.removesuffix("/") for path in login_paths(coverage)}
    found = []
    for one in _targets(coverage):
        path = _with_language(coverage, path_of_target(one.target))
        if one.key == "redirect_to" and one.is_used and path is not None and path.removesuffix("/") in pages:
            fault = (
                f'"redirect_to" is the login page {path}. A user who is logged in but lacks the right is asked to log '
                "in again, or is redirected in a loop."
            )
            hint = (
                'Remove "redirect_to". An anonymous caller is redirected to the login page anyway, and a user who '
                "lacks the right gets a 403 response. Or name another page."
            )
            found.append(Finding(one.place, fault, hint, one.rule))
    return found


def covered_login(coverage: PolicyCoverage) -> list[Finding]:
    """Return the rules that match a login page. The page stays reachable, but pages below it do not."""
    found = []
    for path in login_paths(coverage):
        rule = next((match.rule for match in matches(coverage, path) if match.rule is not None), None)
        if rule is not None and not rule.is_public:
            fault = f"the rule matches the login page {path}. This page stays reachable, but pages below it do not."
            hint = f'Add {{"pattern": "{_in_any_language(coverage, path)}", "public": True}} above {rule.label}.'
            found.append(Finding(rule.label, fault, hint, coverage.rules.index(rule)))
    return found


def views_without_login(coverage: PolicyCoverage) -> list[Finding]:
    """Return the views that send anonymous callers to the login page, if ``LOGIN_URL`` is not a page of this site.

    A rule that does so is a settings error and stops the server. Views are only known after the URLconf is loaded.
    """
    if coverage.settings.login_fault is None:
        return []
    marks = coverage.marks_of_views()
    views = dict.fromkeys(view for view, one, options in marks if options.may_lead_to_login and not one.is_closed)
    fault = (
        "the view sends anonymous callers to the login page, but LOGIN_URL is not a page of this site. "
        "They get a 403 response."
    )
    hint = "Set SESSIONKIT_LOGIN_URL to a page of this site that links there, or give the view its own login_url."
    return [Finding(view, fault, hint) for view in views]


def _with_language(coverage: PolicyCoverage, path: str | None) -> str | None:
    """Return the path with the language prefix of ``i18n_patterns``, if Django redirects ``path`` to it."""
    language = get_language_from_path(f"/{coverage.settings.language_code}/")
    translated = f"/{language}{path}"
    return translated if path is not None and is_translated_from(translated, path, None) else path


def _in_any_language(coverage: PolicyCoverage, path: str) -> str:
    bare = strip_language(path, coverage.settings.languages) if uses_language_prefix(None) else None
    return f"/*{bare}" if bare is not None else path
