# SPDX-License-Identifier: EUPL-1.2
"""The golden world, made once, and a recorder of what is sent to its database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Cluster, World
from tests.golden.recording import Recorder
from tests.golden.town import a_golden_world


@pytest.fixture(scope="session")
def recorder() -> Recorder:
    """Counts the statements that the golden world's hub sends."""
    return Recorder()


@pytest.fixture(scope="module")
async def golden(cluster: Cluster, recorder: Recorder, anyio_backend: str) -> AsyncIterator[World]:
    """The golden world; its tests only read, or write what no golden operation shows."""
    with pytest.MonkeyPatch.context() as patch, recorder.listening(patch):
        async with a_golden_world(cluster) as made:
            yield made
