"""What this server is not set up to send: said where people look for it, not by an alert for each alert."""

from django.utils.translation import gettext as _

from fleet.paging.channels import email, push


def unset() -> str:
    """Return which ways out of the house are not set up, and who sets them up; nothing when all are."""
    mails, pushes = email.is_set_up(), push.is_set_up()
    if mails and pushes:
        return ""
    if mails:
        return _("This server sends no browser push. Whoever runs it sets VAPID_PRIVATE_KEY.")
    if pushes:
        return _(
            "This server sends no e-mail: who is not at an open page is reached only by a browser that takes push. "
            "Whoever runs it sets EMAIL_URL."
        )
    return _(
        "This server sends neither e-mail nor browser push, so alerts reach people at open pages only. "
        "Whoever runs it sets EMAIL_URL, VAPID_PRIVATE_KEY, or both."
    )
