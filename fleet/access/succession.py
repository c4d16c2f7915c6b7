"""A site never loses its last administrator to a page: nobody there could let anybody in again."""

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from fleet.access.errors import Refused
from fleet.access.models import Membership, Role, Site


def keep_an_admin(site: Site, *, losing: User) -> None:
    """Call it in the transaction that takes the administrator's role, or the login, of `losing` at the site.

    The site's row stays locked until then, so that two administrators cannot demote each other at once.

    Raises:
        Refused: Nobody else who can log in administers the site.
    """
    Site.objects.select_for_update().get(pk=site.pk)
    admins = Membership.objects.filter(site=site, role=Role.ADMIN, user__is_active=True)
    if admins.filter(user=losing).exists() and not admins.exclude(user=losing).exists():
        raise Refused(
            _(
                "%(user)s is the last administrator of %(site)s. Make somebody else an administrator there, "
                "then try again."
            )
            % {"user": losing.get_full_name() or losing.get_username(), "site": site.name}
        )


def keep_admins_of_all(user: User) -> None:
    """As `keep_an_admin`, for every site that the user administers; in one order, so that none waits for another."""
    for site in Site.objects.filter(memberships__user=user, memberships__role=Role.ADMIN).order_by("pk"):
        keep_an_admin(site, losing=user)
