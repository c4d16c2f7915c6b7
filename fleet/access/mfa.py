"""The second factor: its secrets are kept encrypted, and some roles must have one."""

import base64
import hashlib
from functools import cache

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib.auth.models import User

from fleet.access.queries import roles_of


class SecondFactors(DefaultMFAAdapter):
    """allauth's, with its secrets encrypted: a copy of the database alone opens no account."""

    def encrypt(self, text: str) -> str:
        return _cipher(settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret; "" if it was encrypted under another SECRET_KEY, so that no code fits."""
        try:
            return _cipher(settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return ""


def has_second_factor(user: User) -> bool:
    return bool(is_mfa_enabled(user))


def must_set_up(user: User) -> bool:
    """Whether this person has a role that needs a second factor, and none set up yet."""
    required = settings.MFA_REQUIRED_ROLES
    return bool(required) and not required.isdisjoint(roles_of(user)) and not has_second_factor(user)


@cache
def _cipher(secret_key: str) -> Fernet:
    key = hashlib.blake2b(secret_key.encode(), digest_size=32, person=b"second factors").digest()
    return Fernet(base64.urlsafe_b64encode(key))
