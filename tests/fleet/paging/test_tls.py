"""Over TLS: the name decides whom we trust, whatever address it leads to."""

import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fleet.paging.channels import email, http
from fleet.paging.channels.email import Letter
from tests.fleet.paging.others import Mailbox, Receiver

LETTER = Letter(("nora@example.org",), "High", "text", "id-1")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of `other.example`, signed by itself: (its file, its key's file)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "other.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("other.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "crt").write_bytes(made.public_bytes(pem))
    (folder / "key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return folder / "crt", folder / "key"


@pytest.fixture
def theirs(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture(autouse=True)
def trusting(certificate, monkeypatch, settings):
    """We trust that certificate, and every name leads to loopback."""
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    monkeypatch.setattr(http, "_trust", lambda: trust)
    monkeypatch.setattr(ssl, "create_default_context", lambda *_a, **_k: trust)
    settings.TELL_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    ask = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, port, *a, **k: ask("127.0.0.1", port, *a, **k))


def test_a_webhook_trusts_the_name_and_connects_to_the_address(theirs):
    with Receiver(tls=theirs) as receiver:
        port = receiver.port
        assert http.post(f"https://other.example:{port}/x", b"{}", {}, seconds=5).taken
        assert receiver.posts[0].headers["host"] == f"other.example:{port}"
        given = http.post(f"https://evil.example:{port}/x", b"{}", {}, seconds=5)
    assert not given.taken
    assert given.text.startswith("its certificate is not trusted")
    assert len(receiver.posts) == 1


@pytest.mark.parametrize("from_the_start", [True, False], ids=["smtps", "STARTTLS"])
def test_mail_goes_out_over_tls_and_only_to_a_server_whose_name_is_right(theirs, settings, from_the_start):
    with Mailbox(tls=theirs, from_the_start=from_the_start) as box:
        settings.EMAIL_URL = "set"
        settings.EMAIL_PORT = box.port
        settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = from_the_start, not from_the_start
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_HOST = "other.example"
        assert email.send(LETTER, seconds=5).taken
        settings.EMAIL_HOST = "evil.example"
        given = email.send(LETTER, seconds=5)
    assert (given.taken, "certificate" in given.text) == (False, True)
    assert len(box.letters) == 1
