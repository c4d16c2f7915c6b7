"""Static files under names that carry their hash."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class ModuleStorage(CompressedManifestStaticFilesStorage):
    """Rewrites the imports of our own modules as well, so that none meets one of another release."""

    support_js_module_import_aggregation = True
    # A pass for each step of the longest way of imports; it ends when nothing changes.
    max_post_process_passes = 20
    _js_module_import_aggregation_patterns = (
        "dashboards/js/*.js",
        HashedFilesMixin._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]
    )
