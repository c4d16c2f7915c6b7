"""Encryption of a push message for one browser (RFC 8291, by RFC 8188), and who sends it (RFC 8292).  Pure.

Only the browser reads the message: the maker's push service that carries it sees its length and its time.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_SIZE: Final = 4096  # bytes; RFC 8291, section 4: one record, and no service must carry more
MOST: Final = RECORD_SIZE - 86 - 17  # bytes of a message: without header, padding's end and AES-GCM's tag
_LAST_RECORD: Final = b"\x02"  # RFC 8188, section 2
_CURVE: Final = ec.SECP256R1()


def encrypt(
    message: bytes,
    *,
    p256dh: bytes,
    auth: bytes,
    salt: bytes,
    ephemeral: ec.EllipticCurvePrivateKey,
) -> bytes:
    """Return the body of a push.

    Args:
        p256dh: The browser's public key, 65 bytes.
        auth: The browser's secret, 16 bytes.
        salt: 16 random bytes, new for each message.
        ephemeral: A key pair, new for each message.

    Raises:
        ValueError: The message is too long, or the browser's key is no point of the curve.
    """
    if len(message) > MOST:
        raise ValueError(f"{len(message)} bytes, at most {MOST} can be pushed")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, p256dh)
    ours = public_bytes(ephemeral)
    shared = ephemeral.exchange(ec.ECDH(), theirs)
    key_material = _derive(shared, salt=auth, info=b"WebPush: info\0" + p256dh + ours, length=32)
    key = _derive(key_material, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derive(key_material, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    header = salt + RECORD_SIZE.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return header + AESGCM(key).encrypt(nonce, message + _LAST_RECORD, None)


def vapid(key: ec.EllipticCurvePrivateKey, *, audience: str, expires_s: int, contact: str) -> str:
    """Return the `Authorization` by which a push service knows who sends (RFC 8292).

    Args:
        audience: The origin of the push service.
        expires_s: Unix seconds, at most 24 h ahead.
        contact: A mailto: or https: address; empty: none.
    """
    claims = {"aud": audience, "exp": expires_s} | ({"sub": contact} if contact else {})
    signed = ".".join(encode(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={encode(public_bytes(key))}"


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Return the key that `VAPID_PRIVATE_KEY` holds.  Raises ValueError if it holds none."""
    raw = decode(text)
    if len(raw) != 32:
        raise ValueError(f"{len(raw)} bytes instead of 32")
    return ec.derive_private_key(int.from_bytes(raw, "big"), _CURVE)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(_CURVE)


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public half, uncompressed, 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def private_text(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the key as `VAPID_PRIVATE_KEY` holds it."""
    return encode(key.private_numbers().private_value.to_bytes(32, "big"))


def encode(raw: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return what base64url holds, padded or not.  Raises ValueError if it is none."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_browser(p256dh: str, auth: str) -> None:
    """Raise ValueError unless these are a browser's public key and secret."""
    ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, decode(p256dh))
    if len(decode(auth)) != 16:
        raise ValueError("the secret must be 16 bytes")


def _derive(material: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(material)
