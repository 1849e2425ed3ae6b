# SPDX-License-Identifier: EUPL-1.2
"""How HTTP is read and answered: uvicorn with h11, which is strict about where a request ends
(docs/decisions/0048).
"""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

DRAIN_SECONDS = 10
KEEP_ALIVE_SECONDS = 20


def http_config(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn serves an application."""
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
