# SPDX-License-Identifier: EUPL-1.2
"""Tokens of partners: how they are made, recognised and stored.

A token is `hub_`, 30 random letters and digits (178 bits), and a checksum of six: a scanner of
source code can recognise it, and a mistyped one is refused without asking the database. Only the
SHA-256 of a token is stored.
"""

from __future__ import annotations

import re
import secrets
import string
import zlib
from hashlib import sha256

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_FORM = re.compile(r"hub_[0-9A-Za-z]{36}")
_RANDOM, _CHECK = 30, 6


def new_token() -> str:
    """A new token; it is shown once and cannot be had again."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"hub_{body}{_checksum(body)}"


def is_well_formed(token: str) -> bool:
    """Whether this can be a token at all; says nothing about whether it is one."""
    return _FORM.fullmatch(token) is not None and _checksum(token[4:-_CHECK]) == token[-_CHECK:]


def digest_of_token(token: str) -> bytes:
    """What is stored of a token, and looked up."""
    return sha256(token.encode()).digest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), []
    for _ in range(_CHECK):
        number, rest = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))
