"""Each channel against a real other side on loopback: what is sent, and what is made of the answers."""

import hmac
import json
import socket
import threading
import time
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from fleet.paging.channels import doors, email, http, push, sealing, webhook
from fleet.paging.channels.email import Letter
from tests.fleet.paging.others import Browser

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = "whsec_" + b64encode(b"k" * 32).decode()
LETTER = Letter(("nora@example.org",), "High · Bed 3", "Channel 2: electrode off", "id-1", urgent=True)


def hook(receiver, **of):
    return webhook.send(receiver.url, SECRET, {"type": "test"}, id_="id-1", now=NOW, seconds=60, **of)


# --- webhooks ---


def test_a_receiver_can_check_who_sent_a_webhook_and_when(receiver):
    assert hook(receiver).taken
    (post,) = receiver.posts
    signed = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode() + post.body
    expected = b64encode(hmac.new(b64decode(SECRET.removeprefix("whsec_")), signed, sha256).digest()).decode()
    assert post.headers["webhook-signature"] == f"v1,{expected}"
    assert post.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert post.json == {"type": "test"}


def test_the_signature_is_that_of_the_specification():
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    made = webhook.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "status, taken, final", [(200, True, False), (204, True, False), (500, False, False), (404, False, False)]
)
def test_what_a_receiver_answers_decides_whether_it_is_tried_again(receiver, status, taken, final):
    receiver.answers = [(status, {})]
    given = hook(receiver)
    assert (given.taken, given.final, given.gone) == (taken, final, False)


def test_a_receiver_may_say_when_to_come_again_within_reason(receiver):
    receiver.answers = [
        (429, {"Retry-After": "7"}),
        (503, {"Retry-After": "99999"}),
        (503, {"Retry-After": "x"}),
    ]
    assert [hook(receiver).retry_after_s for _try in range(3)] == [7, 300, None]


def test_redirects_are_not_followed(receiver):
    receiver.answers = [(302, {"Location": "http://127.0.0.1:1/secret"})]
    given = hook(receiver)
    assert (given.taken, given.final) == (False, True)
    assert len(receiver.posts) == 1


def test_somebody_who_answers_one_byte_a_second_is_cut_off_at_the_deadline(settings):
    settings.TELL_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            peer, _ = server.accept()
            with peer:
                for byte in b"HTTP/1.1 200 OK\r\n" * 9:
                    if over.wait(0.1):
                        return
                    try:
                        peer.send(bytes([byte]))
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        begun = time.monotonic()
        given = http.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, seconds=0.5)
        lasted_s = time.monotonic() - begun
        over.set()
        thread.join()
    assert not given.taken
    assert given.text == "no answer in time"
    assert lasted_s < 2


# --- where we connect to ---

INSIDE = [
    "127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:10.1.2.3]", "[64:ff9b::a01:203]", "[2002:a01:203::1]", "224.0.0.1",
    "[::127.0.0.1]", "[64:ff9b:1::a01:203]", "[fec0::1]", "[ff02::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_an_address_inside_the_house_is_refused(host, settings):
    settings.TELL_PRIVATE_NETWORKS = []
    with pytest.raises(doors.NoDoor, match="inside this server's own network"):
        doors.check(f"https://{host}/x")
    given = http.post(f"https://{host}/x", b"", {}, seconds=1)
    assert (given.taken, given.final) == (False, True)


def test_a_name_that_leads_inside_the_house_is_refused_where_it_is_used(monkeypatch):
    answers = iter([["93.184.216.34"], ["10.0.0.5"]])
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_a, **_k: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in next(answers)],
    )
    assert doors.find("https://hook.example/x").address == "93.184.216.34", "and this is where it connects to"
    with pytest.raises(doors.NoDoor):
        doors.find("https://hook.example/x")


def test_a_setting_lets_a_network_inside_the_house_be_told():
    assert doors.find("http://127.0.0.1:8080/x", private=["127.0.0.0/8"]).address == "127.0.0.1"
    with pytest.raises(doors.NoDoor):
        doors.find("http://10.0.0.1/x", private=["127.0.0.0/8"])


@pytest.mark.parametrize(
    "url",
    ["http://example.org/x", "ftp://example.org", "https://", "example.org", "https://a:b@example.org/",
     "https://example.org/a b", "https://example.org:99999/", "https://example.org/\r\nX: 1", "https://ex\u00e4mple/",
     "https://hooks..example.org/", f"https://{'x' * 70}.example.org/"],
)  # fmt: skip
def test_an_address_that_cannot_be_is_refused_when_it_is_typed(url):
    with pytest.raises(doors.NoDoor):
        doors.check(url)


def test_a_name_that_nobody_can_look_up_is_given_up_and_not_tried_for_ever():
    given = http.post("https://hooks..example.org/", b"", {}, seconds=1)
    assert (given.taken, given.final) == (False, True)


# --- e-mail ---


def test_a_letter_arrives_whole_and_a_second_copy_is_known_by_its_id(mailbox):
    assert email.send(LETTER, seconds=60).taken
    assert email.send(LETTER, seconds=60).taken
    first, second = mailbox.wait_for(2)
    assert first["Subject"] == "High · Bed 3"
    assert first["To"] == "nora@example.org"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Importance"] == "high"
    assert first["Message-ID"] == second["Message-ID"]
    assert "electrode off" in first.get_content()


def test_who_gets_a_hidden_letter_does_not_see_who_else_does(mailbox):
    both = Letter(("a@example.org", "b@example.org"), "s", "t", "id", hidden=True)
    assert email.send(both, seconds=60).taken
    assert "example.org" not in str(mailbox.wait_for(1)[0]).replace("@localhost", "")


@pytest.mark.parametrize("answer, final", [("550 no such mailbox", True), ("451 later", False)])
def test_what_a_mail_server_refuses_for_good_is_not_tried_again(mailbox, answer, final):
    mailbox.refuse = f"{answer}: <Nora@example.org>"
    given = email.send(LETTER, seconds=60)
    assert (given.taken, given.final) == (False, final)
    assert given.text == f"{answer}: <…>", "the answer is kept and shown, the address is its owner's"


def test_a_mail_server_that_never_greets_is_given_up_at_the_deadline(mailbox):
    mailbox.hold = True
    begun = time.monotonic()
    given = email.send(LETTER, seconds=0.5)
    assert (given.taken, given.text) == (False, "no answer in time")
    assert time.monotonic() - begun < 2


def test_a_line_feed_in_a_devices_name_begins_no_header(mailbox):
    evil = Letter(("nora@example.org",), "Bed 3\r\nBcc: eve@example.org", "text", "id-2")
    assert email.send(evil, seconds=60).taken
    assert mailbox.wait_for(1)[0]["Bcc"] is None


def test_without_a_mail_server_it_says_so(settings):
    settings.EMAIL_URL = ""
    given = email.send(LETTER, seconds=1)
    assert (given.taken, given.final) == (False, True)
    assert "not set up" in given.text


# --- push ---


def _push(browser, receiver, **of):
    return push.send(
        receiver.url, sealing.encode(browser.p256dh), sealing.encode(browser.auth), {"title": "Ω"},
        topic="0" * 32, urgent=True, now=NOW, seconds=60, **of,
    )  # fmt: skip


@pytest.fixture
def vapid(settings):
    settings.VAPID_PRIVATE_KEY = sealing.private_text(sealing.new_key())
    settings.VAPID_CONTACT = "mailto:ops@example.org"
    return settings.VAPID_PRIVATE_KEY


def test_the_example_of_the_standard_is_encrypted_as_there():
    """RFC 8291, section 5 and appendix A."""
    body = sealing.encrypt(
        b"When I grow up, I want to be a watermelon",
        p256dh=sealing.decode(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        auth=sealing.decode("BTBZMqHH6r4Tts7J_aSIgg"),
        salt=sealing.decode("DGv6ra1nlYgDCS1FRnbzlw"),
        ephemeral=sealing.private_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
    )
    assert sealing.encode(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_a_browser_opens_what_was_pushed_and_nobody_else_does(receiver, vapid):
    browser = Browser()
    assert _push(browser, receiver).taken
    (post,) = receiver.posts
    assert json.loads(browser.open(post.body)) == {"title": "Ω"}
    with pytest.raises(InvalidTag):
        Browser().open(post.body)
    assert post.headers["content-encoding"] == "aes128gcm"
    assert post.headers["urgency"] == "high"
    assert int(post.headers["ttl"]) > 0


def test_a_push_service_can_check_who_pushes(receiver, vapid):
    _push(Browser(), receiver)
    words = dict(part.split("=", 1) for part in receiver.posts[0].headers["authorization"][6:].split(", "))
    head, claims, signature = words["t"].split(".")
    raw = sealing.decode(signature)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sealing.decode(words["k"]))
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    key.verify(encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    said = json.loads(sealing.decode(claims))
    assert said["aud"] == receiver.url.removesuffix("/alerts")
    assert said["sub"] == "mailto:ops@example.org"
    assert 0 < said["exp"] - NOW.timestamp() <= 24 * 3600
    assert words["k"] == push.public_key()


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_the_push_service_forgot_is_gone(receiver, vapid, status):
    receiver.answers = [(status, {})]
    assert _push(Browser(), receiver).gone


def test_what_is_too_long_to_push_is_not_sent(vapid):
    with pytest.raises(ValueError, match="at most 3993"):
        sealing.encrypt(b"x" * 3994, p256dh=b"", auth=b"", salt=b"", ephemeral=sealing.new_key())
