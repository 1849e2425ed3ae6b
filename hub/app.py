# SPDX-License-Identifier: EUPL-1.2
"""The application: every part is put together here, and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from hub.graphql import GraphQLEndpoint
from hub.identity.tokens import TokenAdapter
from hub.ldv import ProcessingLog, processing_logs
from hub.metrics import Traffic
from hub.pages import graphiql, icon, index, nothing_here
from hub.pages.sheet import sheet_page
from hub.settings import Settings
from hub.sheet_templates import template_page
from hub.uploads import UploadEndpoint
from resolvers.context import Context
from resolvers.loaders import Loaders
from schema.build import build
from schema.contributions import ROW_TYPES
from sql.errors import Unavailable
from sql.ids import IdSource
from sql.principal import Principal
from sql.session import Database, Session


def create_app(
    settings: Settings,
    database: Database,
    *,
    ids: IdSource | None = None,
    database_ready: Callable[[], bool] = lambda: True,
    traffic: Traffic | None = None,
    logs: Sequence[ProcessingLog] | None = None,
    **endpoint: Any,
) -> Starlette:
    """The hub over an open database, which the caller closes.

    `ids` makes the ids of new records. `database_ready` says whether the database server is up;
    `traffic` counts what is answered; `logs` get a line of each processing, in the place of those
    that the settings ask for; `endpoint` are further arguments of `GraphQLEndpoint`, for
    tests.
    """
    source = ids or IdSource()

    def make_context(session: Session, principal: Principal, **known: Any) -> Context:
        return Context(
            session=session, principal=principal, loaders=Loaders(session), ids=source, **known
        )

    traffic = traffic or Traffic()
    told_to = processing_logs(settings, traffic.processing_told) if logs is None else tuple(logs)
    graphql = GraphQLEndpoint(
        build(),
        database,
        TokenAdapter(database),
        make_context,
        limits=settings.limits_of_one_worker,
        row_types=ROW_TYPES,
        traffic=traffic,
        processing_logs=told_to,
        **endpoint,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        for log in told_to:
            await log.close()

    async def ready(_: Request) -> Response:
        try:
            if not database_ready():
                raise Unavailable("restarting")
            await database.call("hub_today")
        except Unavailable:
            return JSONResponse({"ready": False}, status_code=503, headers={"Retry-After": "1"})
        return JSONResponse({"ready": True})

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    return Starlette(
        routes=[
            Route("/", index(database, for_developers=not settings.production)),
            Route("/favicon.ico", icon),
            Route("/graphql", graphql),
            Route("/upload", UploadEndpoint(graphql)),
            Route("/sheet", sheet_page(database)),
            Route("/sheets/template/{kind}.{format}", template_page),
            Route("/live", live),
            Route("/ready", ready),
            Mount("/static", StaticFiles(packages=[("hub.pages", "static")])),
            *(() if settings.production else graphiql.routes()),
        ],
        exception_handlers={404: nothing_here},
        lifespan=lifespan,
    )
