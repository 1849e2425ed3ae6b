# SPDX-License-Identifier: EUPL-1.2
"""Global ids: the name of a type and a UUID, as one opaque text. A UUID here carries a day at most,
never an order.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode
from uuid import UUID

from sql.errors import Refusal


def encode(typename: str, id_: UUID) -> str:
    """The global id of a row, in the alphabet for addresses.

    Letters, digits, a hyphen and a colon never come to the two characters in which that alphabet is
    another: those need a `>`, a `?`, a `~` or what is not ASCII.
    """
    text = binascii.b2a_base64(f"{typename}:{id_}".encode(), newline=False)
    return text.rstrip(b"=").decode()


def decode(text: str, *path: str | int) -> tuple[str, UUID]:
    """The type and the UUID of a global id; refuses what is none (BAD_ID), at the `path` where it
    was given.
    """
    try:
        typename, _, id_ = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
        return typename, UUID(id_)
    except (ValueError, binascii.Error) as error:
        raise Refusal("BAD_ID", path=path) from error


def decode_as(typename: str, text: str, *path: str | int) -> UUID:
    """The UUID of a global id of this type; refuses any other (BAD_ID), at the `path` where it was
    given.
    """
    found, id_ = decode(text, *path)
    if found != typename:
        raise Refusal("BAD_ID", path=path)
    return id_
