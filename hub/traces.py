# SPDX-License-Identifier: EUPL-1.2
"""The trace of a request (W3C Trace Context): taken over from its caller, or begun here.

Promises: of a header that is no `traceparent` nothing is kept.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

RandomBytes = Callable[[int], bytes]

# version, trace, parent, flags: a version from the future may have more behind it
_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-.*")


@dataclass(frozen=True, slots=True)
class Trace:
    """The trace of a request, the span that is this request, and that of its caller."""

    trace_id: str
    span_id: str
    parent_id: str | None

    @property
    def header(self) -> str:
        """As a `traceparent`: what the answer says, for whoever goes on from here."""
        return f"00-{self.trace_id}-{self.span_id}-01"


def trace_of(header: str, random_bytes: RandomBytes = secrets.token_bytes) -> Trace:
    """The trace that a `traceparent` header names, or a new one when it names none."""
    found = _PARENT.fullmatch(header)
    span = random_bytes(8).hex()
    if found is None:
        return Trace(random_bytes(16).hex(), span, None)
    return Trace(found[1], span, found[2])
