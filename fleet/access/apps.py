from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "fleet.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from fleet.access import receivers  # noqa: F401  hears logins
