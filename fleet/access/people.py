"""Making people, letting them choose their password, and correcting what they are called.

Nobody but the person ever knows their password: whoever lets them in hands over a **link**, valid for
`settings.PASSWORD_RESET_TIMEOUT` and for one use, behind which they choose it.  No mail is needed or sent.
"""

import unicodedata
from typing import Final

from axes.utils import reset
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _

from fleet.access import roster, service
from fleet.access.errors import Denied, NotVisible, Refused
from fleet.access.models import Membership, Role, Site
from fleet.access.names import tidy
from fleet.access.service import record, require

LONGEST_USERNAME: Final = 150
LONGEST_NAME: Final = 150


class Taken(Refused):
    """There is somebody of that user name already."""


class _Links(PasswordResetTokenGenerator):
    """Signed with the password's hash: a link dies as soon as the password changes, or another link is made."""

    key_salt = "fleet.access.people"


links: Final = _Links()


def require_all_of(actor: User | None, person: User, verb: str = roster.MANAGE) -> None:
    """Let the actor pass if every site of the person is theirs; call it outside of transactions.

    Raises:
        NotVisible: The actor manages no site of the person's.
        Denied: There are sites of the person's that the actor does not manage.  The attempt is on record.
    """
    if actor is None or roster.answers_for(actor, person):
        return
    if not roster.people_of(actor).filter(pk=person.pk).exists():
        raise NotVisible(person.pk)
    with transaction.atomic(durable=True):
        record(actor, f"denied.{verb}", subject=person.get_username(), why="also works elsewhere")
    raise Denied(verb, _("every site of %(person)s") % {"person": called(person)})


def make_person(
    *, actor: User | None, site: Site, username: str, full_name: str, role: Role
) -> tuple[User, str]:
    """Make a user with this role at the site, and return them with the path part of their first link.

    Raises:
        NotVisible, Denied: As `service.require`, for `manage_people`.
        Taken: There is somebody of that user name; `service.grant` may add them instead.
        Refused: The user name or the full name cannot be.
    """
    if actor is not None:
        require(actor, roster.MANAGE, site, subject=username[:150])
    username, full_name = _user_name(username), _full_name(full_name)
    if User.objects.filter(username__iexact=username).exists():
        raise Taken(_("There is somebody with the user name %(name)s already.") % {"name": username})
    first, last = _split(full_name)
    try:
        with transaction.atomic():
            person = User.objects.create_user(username, password=None, first_name=first, last_name=last)
            Membership.objects.create(user=person, site=site, role=role)
            record(actor, "person.made", site=site, subject=username, name=full_name, role=str(role))
            record(actor, "password.link_made", site=site, subject=username)
    except IntegrityError:  # made by somebody else in this moment
        raise Taken(
            _("There is somebody with the user name %(name)s already.") % {"name": username}
        ) from None
    return person, _link_of(person)


def add_person(*, actor: User, site: Site, username: str, role: Role) -> User:
    """Give somebody who works elsewhere already a role here, by their exact user name.

    Raises:
        NotVisible, Denied: As `service.grant`.
        Refused: There is nobody of that name, or they have a role here already.
    """
    require(actor, roster.MANAGE, site, subject=username[:150])
    person = User.objects.filter(username=_user_name(username)).first()
    if person is None:
        raise Refused(_("There is nobody with the user name %(name)s.") % {"name": username})
    if Membership.objects.filter(user=person, site=site).exists():
        raise Refused(
            _("%(person)s has a role at %(site)s already; change it on their page.")
            % {"person": called(person), "site": site.name}
        )
    service.grant(actor=actor, user=person, site=site, role=role)
    return person


def make_link(*, actor: User | None, person: User) -> str:
    """Take the person's password and every earlier link away, and return the path part of a new link.

    Where they are logged in, they are logged out: whoever knew the old password may be somebody else.

    Raises:
        NotVisible, Denied: As `require_all_of`.
        Refused: The actor is the person, or the person may not log in.
    """
    if actor == person:
        raise Refused(_("Your own password you change yourself, on the page of your account."))
    require_all_of(actor, person)
    if not person.is_active:
        raise Refused(_("%(person)s may not log in; let them in again first.") % {"person": called(person)})
    with transaction.atomic():
        person.set_unusable_password()
        person.save(update_fields=["password"])
        service.end_sessions(person)
        record(actor, "password.link_made", subject=person.get_username())
        service.login_ended.send(sender=None, user=person)
        service.tell(person)
    return _link_of(person)


def person_of_link(number: str, token: str) -> User | None:
    """Return whose link this is; None if it is used, over, replaced, or its owner may not log in."""
    try:
        key = int(urlsafe_base64_decode(number))
    except (ValueError, OverflowError):
        return None
    person = User.objects.filter(pk=key, is_active=True).first() if 0 < key < 2**31 else None
    return person if person is not None and links.check_token(person, token) else None


def choose_password(*, person: User, password: str) -> None:
    """Give the person the password that they chose behind their link, already held against the validators.

    Failed logins are forgotten with the password that they were about.

    Raises:
        Refused: The link was used, or replaced, since `person` was read by it.
    """
    with transaction.atomic():
        now = User.objects.select_for_update().filter(pk=person.pk, is_active=True).first()
        if now is None or now.password != person.password:  # two who have the link, at once
            raise Refused(_("This link is used, or replaced by a newer one."))
        person.set_password(password)
        person.save(update_fields=["password"])
        reset(username=person.get_username())
        record(person, "password.chosen", subject=person.get_username())


def rename(*, actor: User, person: User, full_name: str) -> None:
    """Change what the person is called on pages; everybody may for themselves.

    Raises:
        NotVisible, Denied: As `require_all_of`.
        Refused: No such name can be.
    """
    if actor != person:
        require_all_of(actor, person)
    full_name = _full_name(full_name)
    before = person.get_full_name()
    if full_name == before:
        return
    with transaction.atomic():
        person.first_name, person.last_name = _split(full_name)
        person.save(update_fields=["first_name", "last_name"])
        record(actor, "person.renamed", subject=person.get_username(), name=full_name, before=before)


def called(person: User) -> str:
    """Return what people call them: their full name, or else their user name."""
    return person.get_full_name() or person.get_username()


def _link_of(person: User) -> str:
    return f"{urlsafe_base64_encode(str(person.pk).encode())}/{links.make_token(person)}"


def _user_name(typed: str) -> str:
    name = unicodedata.normalize("NFKC", typed).strip()
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError:
        raise Refused(
            _("“%(name)s” cannot be a user name: letters, digits and @ . + - _ only, no spaces.")
            % {"name": typed[:40].replace("\0", "")}
        ) from None
    if len(name) > LONGEST_USERNAME:
        raise Refused(_("A user name has at most %(most)d characters.") % {"most": LONGEST_USERNAME})
    return name


def _full_name(typed: str) -> str:
    name = tidy(typed)
    if not name:
        raise Refused(_("Type the name that colleagues know, such as Nora Lindqvist."))
    if len(name) > LONGEST_NAME:
        raise Refused(_("A name has at most %(most)d characters.") % {"most": LONGEST_NAME})
    return name


def _split(full_name: str) -> tuple[str, str]:
    """Return what Django keeps as first and last name; joined with a blank they are the full name again."""
    first, _blank, last = full_name.rpartition(" ")
    return (first, last) if first else (last, "")
