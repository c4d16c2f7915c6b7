"""E-mail by SMTP, with one deadline for the whole conversation."""

import re
import smtplib
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from fleet.paging.channels.answer import Answer, said
from fleet.paging.channels.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail.  `id` is the same for every try, so that a mailbox knows the second copy."""

    to: tuple[str, ...]
    subject: str
    text: str
    id: str
    urgent: bool = False
    hidden: bool = False  # nobody sees who else gets it


def is_set_up() -> bool:
    """Whether this server can send e-mail at all."""
    return bool(settings.EMAIL_URL)


def send(letter: Letter, *, seconds: float) -> Answer:
    """Send the letter and return what came of it; "taken" means that the mail server has it."""
    if not is_set_up():
        return Answer(taken=False, text="e-mail is not set up on this server", final=True)
    with Deadline(seconds) as deadline:
        try:
            _Backend(deadline).send_messages([_message(letter)])
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            return _without(letter.to, _refused(code, text))
        except smtplib.SMTPResponseException as error:
            return _without(letter.to, _refused(error.smtp_code, error.smtp_error))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            return _without(letter.to, Answer(taken=False, text=_reason(error, deadline)))
    return Answer(taken=True, text="the mail server has it")


def _message(letter: Letter) -> EmailMessage:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    headers = {"Message-ID": f"<{letter.id}@{domain}>", "Auto-Submitted": "auto-generated"}
    if letter.urgent:
        headers |= {"Importance": "high", "X-Priority": "1"}
    subject = " ".join(letter.subject.split())  # a line feed would begin another header
    message = EmailMessage(subject, letter.text, headers=headers)
    (message.bcc if letter.hidden else message.to).extend(letter.to)
    return message


class _Backend(EmailBackend):
    """Django's, on connections that end with the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__(timeout=deadline.left_s())
        self._deadline = deadline

    @property
    def connection_class(self) -> Callable[..., smtplib.SMTP]:  # type: ignore[override]
        kind = _TlsConversation if self.use_ssl else _Conversation
        return lambda *args, **options: kind(self._deadline, *args, **options)


class _Conversation(smtplib.SMTP):
    def __init__(self, deadline: Deadline, *args: Any, **options: Any) -> None:
        self._deadline = deadline
        super().__init__(*args, **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._deadline.connect(host, port)


class _TlsConversation(smtplib.SMTP_SSL):
    def __init__(self, deadline: Deadline, *args: Any, **options: Any) -> None:
        self._deadline = deadline
        super().__init__(*args, **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(self._deadline.connect(host, port), server_hostname=host)


def _refused(code: int, text: bytes | str) -> Answer:
    """RFC 5321, section 4.2.1: 5xx will not change, 4xx may."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return Answer(taken=False, text=said(f"{code} {words}"), final=500 <= code < 600)


def _without(addresses: tuple[str, ...], given: Answer) -> Answer:
    """Servers quote the address; logs, and colleagues who see what was told, need not know it."""
    text = given.text
    for one in addresses:
        text = re.sub(re.escape(one), "…", text, flags=re.IGNORECASE)
    return replace(given, text=text)


def _reason(error: Exception, deadline: Deadline) -> str:
    try:
        deadline.left_s()
    except TimeoutError:
        return "no answer in time"
    return said(str(error) or type(error).__name__)
