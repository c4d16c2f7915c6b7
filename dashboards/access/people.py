"""The person behind a request."""

from django.contrib.auth.models import User
from django.http import HttpRequest


def member(request: HttpRequest) -> User:
    """Return the logged-in user of a view behind `login_required`."""
    assert isinstance(request.user, User)  # noqa: S101  login_required has seen to it
    return request.user
