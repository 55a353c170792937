"""The base class of the requirements that combine no others."""

from __future__ import annotations

import logging

from django_sessionkit.access import Grants, effective
from django_sessionkit.exceptions import AsyncRequired, NotEvaluated
from django_sessionkit.policy.decisions import NOT_AUTHENTICATED, POLICY, Decision
from django_sessionkit.utils.sansio import Flow, place_of, user_call
from django_sessionkit.utils.text import described

from .algebra import Requirement
from .check_input import CheckInput, Record

logger: logging.Logger = logging.getLogger("django_sessionkit")


class Leaf(Requirement):
    """Base class of requirements that combine no others. A custom access policy is applied before the built-in check.

    Any exception that the policy, its ``check()`` or a predicate raises makes the check failed, which denies access.
    """

    __slots__ = ()

    def flow(self, asked: CheckInput, record: Record | None = None) -> Flow[Decision]:
        try:
            if asked.policy.overrides_check:
                result = yield user_call(asked.policy.check, self, asked.session, asked.request)
                if result is not None:
                    return self._verdict(result, POLICY, "AccessPolicy.check")
            return (yield from self._judge(asked))
        except AsyncRequired:
            raise
        except NotEvaluated:
            return self._failed()
        except Exception as error:
            _log_failure(self, error)
            return self._failed()

    def _judge(self, asked: CheckInput) -> Flow[Decision]:
        """Do the built-in check. This one compares the grants of the session; an anonymous caller is denied."""
        session, policy = asked.session, asked.policy
        if session is None:
            return self._denied(NOT_AUTHENTICATED)
        grants = (yield from effective(policy, session)) if policy.overrides_grants else policy.grants(session)
        return self._evaluate(grants)

    def _evaluate(self, grants: Grants) -> Decision:
        raise NotImplementedError

    def _verdict(self, result: object, reason: str, who: str) -> Decision:
        """Grant on ``True``, deny on ``False``. Any other value, even a truthy one, makes the check failed."""
        if result is True:
            return self._granted()
        if result is False:
            return self._denied(reason)
        logger.error("%s returned %s instead of True or False. Access was denied.", who, described(result))
        return self._failed()


def _log_failure(leaf: Leaf, error: Exception) -> None:
    logger.error("%r raised %s at %s. Access was denied.", leaf, type(error).__name__, place_of(error))
