from django.apps import AppConfig


class PagingConfig(AppConfig):
    name = "fleet.paging"
    label = "paging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from fleet.paging import browsers, checks  # noqa: F401  registers what hears and checks
