# SPDX-License-Identifier: EUPL-1.2
"""PostgreSQL's `hashtextextended(text, 0)`, and the same turned around: a text with a given hash.

It is lookup3 of Bob Jenkins, each step of which can be undone. Who may choose twelve bytes of a
text therefore chooses its hash.
"""

from __future__ import annotations

import random

_MASK = 0xFFFFFFFF
_START = 0x9E3779B9 + 3923095
# Of each step: which of the three words changes, by which, and how far that is turned.
_MIX = ((0, 2, 4, 1), (1, 0, 6, 2), (2, 1, 8, 0), (0, 2, 16, 1), (1, 0, 19, 2), (2, 1, 4, 0))
_FINAL = ((2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24))

Words = list[int]


def _turned(word: int, bits: int) -> int:
    return (word << bits | word >> (32 - bits)) & _MASK


def _mixed(words: Words) -> Words:
    w = list(words)
    for changed, by, bits, other in _MIX:
        w[changed] = (w[changed] - w[by] & _MASK) ^ _turned(w[by], bits)
        w[by] = w[by] + w[other] & _MASK
    return w


def _unmixed(words: Words) -> Words:
    w = list(words)
    for changed, by, bits, other in reversed(_MIX):
        w[by] = w[by] - w[other] & _MASK
        w[changed] = (w[changed] ^ _turned(w[by], bits)) + w[by] & _MASK
    return w


def _finished(words: Words) -> Words:
    w = list(words)
    for changed, by, bits in _FINAL:
        w[changed] = (w[changed] ^ w[by]) - _turned(w[by], bits) & _MASK
    return w


def _unfinished(words: Words) -> Words:
    w = list(words)
    for changed, by, bits in reversed(_FINAL):
        w[changed] = (w[changed] + _turned(w[by], bits) & _MASK) ^ w[by]
    return w


def _words(block: bytes) -> Words:
    return [int.from_bytes(block[at : at + 4], "little") for at in (0, 4, 8)]


def _state(blocks: bytes, length: int) -> Words:
    state = [_START + length & _MASK] * 3
    for at in range(0, len(blocks), 12):
        block = _words(blocks[at : at + 12])
        state = _mixed([a + b & _MASK for a, b in zip(state, block, strict=True)])
    return state


def hashed(text: str) -> int:
    """What `hashtextextended(text, 0)` gives."""
    data = text.encode()
    whole = len(data) - len(data) % 12
    tail = data[whole:]
    # the lowest byte of the last word is kept for the length
    last = _words(tail[:8].ljust(8, b"\0") + b"\0" + tail[8:].ljust(3, b"\0"))
    state = [a + b & _MASK for a, b in zip(_state(data[:whole], len(data)), last, strict=True)]
    _, high, low = _finished(state)
    return int.from_bytes((high << 32 | low).to_bytes(8), signed=True)


def colliding(prefix: str, target: int) -> str:
    """A text that can be read, which after `prefix` has the hash `target`."""
    chance = random.Random(0)
    wanted = int.from_bytes(target.to_bytes(8, signed=True))
    letters = "abcdefghijklmnopqrstuvwxyz"
    room = 8 + -(len(prefix.encode()) + 8) % 12
    while True:
        start = "".join(chance.choices(letters, k=room))
        state = _state((prefix + start).encode(), len(prefix.encode()) + room + 12)
        for _ in range(3000):
            before = _unmixed_end(chance.getrandbits(32), wanted)
            block = [a - b & _MASK for a, b in zip(before, state, strict=True)]
            end = b"".join(word.to_bytes(4, "little") for word in block)
            if all(32 <= byte < 127 for byte in end):
                return start + end.decode()


def _unmixed_end(first: int, wanted: int) -> Words:
    """The words before the last whole block was mixed, of a text without a tail."""
    return _unmixed(_unfinished([first, wanted >> 32, wanted & _MASK]))
