"""Django's admin at /admin/: the facts as the database holds them, for superusers, read only.

Nothing is changed here, because what is changed here would go around the services, their checks and the record.
"""

from typing import Any, Final, NoReturn

from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from devices import models as devices
from fleet.access import models as access
from fleet.control.models import Command, LockWish, Stop
from fleet.paging import models as paging
from fleet.protocols import models as protocols
from fleet.safety import models as safety

_SECRET: Final = frozenset(
    {"password", "password_hash", "digest", "data", "get_data", "post_data"}
    | {
        "secret",
        "url",
        "endpoint",
        "p256dh",
        "auth",
    }  # of webhooks and browsers: their addresses open something, too
)
_LONG: Final = (models.JSONField, models.TextField, models.BinaryField)
_MOST_COLUMNS: Final = 8
_SHOWN: Final = (
    User,
    Authenticator,
    AccessAttempt,
    access.Site,
    access.Membership,
    access.Token,
    access.DisplayLink,
    access.AuditEntry,
    access.AuditLink,
    devices.Device,
    devices.BrokerAccount,
    devices.State,
    devices.Ledger,
    devices.Session,
    devices.Event,
    devices.Change,
    devices.Reject,
    devices.ProtocolDocument,
    devices.Pulse,
    devices.SlowSpell,
    Command,
    Stop,
    LockWish,
    protocols.Protocol,
    protocols.Version,
    protocols.Author,
    safety.Alert,
    safety.RuleSet,
    safety.Replay,
    paging.Step,
    paging.Shift,
    paging.Turn,
    paging.Webhook,
    paging.Escalation,
)


class FactsSite(admin.AdminSite):
    """The admin for superusers who came in through our own door, second factor included."""

    site_header = site_title = _("Myofleet: facts, read only")
    index_title = _("What the database holds")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Ask whoever is not logged in to; to anybody else but a superuser there is no such page."""
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(reverse("admin:index"))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> NoReturn:
        raise Http404  # /account/password/ puts it on record

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> NoReturn:
        raise Http404


class Facts(admin.ModelAdmin):
    """One table, without secrets, with nothing to press."""

    actions = None
    list_per_page = 50
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [field.name for field in self._plain()]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [field.name for field in self._plain() if not isinstance(field, _LONG)][:_MOST_COLUMNS]

    def get_list_select_related(self, request: HttpRequest) -> list[str]:
        return [field.name for field in self._plain() if field.many_to_one or field.one_to_one]

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("-pk",)

    def _plain(self) -> list[Any]:
        return [field for field in self.model._meta.concrete_fields if field.name not in _SECRET]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


facts = FactsSite(name="admin")
for shown in _SHOWN:
    facts.register(shown, Facts)
