"""Django's reports of errors, without secrets; see `fleet.redaction`."""

import re
from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

from fleet.redaction import clean_all


class ReporterFilter(SafeExceptionReporterFilter):
    """Also cleans request headers, addresses and local variables; with DEBUG too.

    Addresses of servers have passwords in them.
    """

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|_URL|_DSN|ACCOUNT|^hosts$", flags=re.I
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        return dict(clean_all(super().get_safe_request_meta(request)))

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: Any
    ) -> ItemsView[str, Any]:
        shown = super().get_traceback_frame_variables(request, tb_frame)
        return {name: clean_all({name: value})[name] for name, value in shown}.items()
