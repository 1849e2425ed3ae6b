# SPDX-License-Identifier: EUPL-1.2
"""The GraphQL endpoint over HTTP: one POST in, one answer out.

Promises:

- nothing is read beyond a cap, for longer than a time, or before the caller is known; of large
  bodies and of files an organisation has only a few in hand at the same moment;
- an answer leaves after its transaction was committed; a caller that went away, or a time that is
  up, takes the work back;
- every refusal has a stable code and a cure from the catalogue of texts; what went wrong inside is
  masked, with an id that the log has too;
- a credential that is wrong, expired, revoked or absent gives the same bytes;
- a bad row of a push is taken out and named, so that the good rows can stay.

The status follows the GraphQL-over-HTTP draft: what is wrong with the HTTP request has its own
status; a document or a variable that is refused is 400 for `application/graphql-response+json` and
200 for `application/json`, without `data` in both.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, cast

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
)
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry import Schema

from hub import logs
from hub.errors import (
    error_answer,
    raise_when_away,
    speaks_of_argument,
    without_value,
)
from hub.ldv import ProcessingLog, lines_of, processings
from hub.limits import Accepted, InvalidDocument, Stores, check, check_lists
from hub.metrics import Traffic
from hub.rate import BYTES_FOR_ONE, RETRY_SECONDS, Buckets, Places, Turns, reading_cost
from hub.requests import (
    AS_JSON,
    LEGACY,
    MODERN,
    Gone,
    Manner,
    Question,
    check_scope,
    language_of,
    read_body,
    wants_modern,
    while_connected,
)
from hub.rows import Rejected, row_lists, sift
from hub.settings import Limits
from hub.traces import RandomBytes, Trace, trace_of
from resolvers.context import Context, Language
from resolvers.plan import WRITTEN, NotPlanned
from schema.errors import refusal_in, root_cause
from schema.rows import MAX_NAME
from schema.texts import text
from sql.errors import Refusal, Unavailable
from sql.principal import Principal
from sql.session import Database, Session

# Gives the caller; any Refusal means that there is none, and all of them look the same outside.
Authenticate = Callable[[Headers], Awaitable[Principal]]


SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language, Authorization",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

# Codes with an HTTP status of their own. Every other code is an answer to a well-formed request.
STATUS = {
    "BAD_JSON": 400,
    "BAD_REQUEST": 400,
    "BAD_UPLOAD": 400,
    "BATCH_NOT_SUPPORTED": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "PREFLIGHT_MISSING": 403,
    "METHOD_NOT_ALLOWED": 405,
    "READ_TIMEOUT": 408,
    "BODY_TOO_LARGE": 413,
    "NOT_MULTIPART": 415,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "BUSY": 503,
    "UNAVAILABLE": 503,
    "TIMEOUT": 504,
}
REFUSED_COST = 500
FILES_AT_ONCE = 1  # of one organisation: all organisations share the one thread that reads them
MAX_COERCION_ERRORS = 50
MAX_LOGGED_FAULTS = 5


log = logging.getLogger(__name__)


class MakeContext(Protocol):
    """Makes what resolvers know of their operation: graphql-core's context_value."""

    def __call__(
        self,
        session: Session,
        principal: Principal,
        *,
        language: Language,
        operation: str | None,
        rejected: Rejected,
    ) -> Context:
        """The context of one operation, which ends with its session."""


class Job(NamedTuple):
    """An operation that is ready to be carried out for its caller."""

    principal: Principal
    question: Question
    accepted: Accepted
    operation: OperationDefinitionNode


@dataclass(slots=True)
class Exchange:
    """One request while it is answered: how to answer, and what the log will say."""

    headers: Headers
    manner: Manner
    language: Language
    modern: bool
    started: float
    began: float
    trace: Trace
    organisation: str | None = None
    operation: str | None = None
    kind: str | None = None
    cost: dict[str, int] | None = None
    retry_after: int | None = None
    error_id: str | None = None
    faults: int = 0
    read: bool = False
    codes: list[str] = field(default_factory=list)


class GraphQLEndpoint:
    """An ASGI application that answers GraphQL requests of authenticated callers."""

    def __init__(
        self,
        schema: Schema,
        database: Database,
        authenticate: Authenticate,
        make_context: MakeContext,
        *,
        limits: Limits,
        row_types: frozenset[str] = frozenset(),
        traffic: Traffic | None = None,
        processing_logs: Sequence[ProcessingLog] = (),
        documents: Stores | None = None,
        planned: bool = True,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        new_error_id: Callable[[], str] = lambda: secrets.token_hex(8),
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        """Serve `schema`; lists of the input types named in `row_types` are checked row by row.

        `traffic` counts what is answered; `documents` keeps those that were accepted; `planned`:
        by plans (resolvers/plan), else everything by graphql-core;
        `processing_logs` get a line of each processing; `clock` gives monotonic seconds, for rates
        and durations, `now` the time of day as Unix has it; `random_bytes` makes the ids of traces.
        """
        # The graphql-core schema within: the hub runs parse, validation and limits by itself.
        self._schema: GraphQLSchema = schema._schema
        self._database = database
        self._authenticate = authenticate
        self._make_context = make_context
        self._limits = limits
        self._row_types = row_types
        self._traffic = traffic or Traffic()
        self._planned = planned
        self._clock = clock
        self._new_error_id = new_error_id
        self._processing_logs = processing_logs
        self._now = now
        self._random_bytes = random_bytes
        self._documents = documents or Stores(self._schema, limits)
        self._buckets = Buckets(
            burst=limits.rate_burst, per_second=limits.rate_per_second, clock=clock
        )
        self._turns = Turns(
            at_once=limits.organisation_concurrency, waiting=limits.organisation_waiting
        )
        self._large_bodies = Places(limits.organisation_concurrency)
        self._files = Places(FILES_AT_ONCE)
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request in JSON."""
        await self.serve(scope, receive, send, AS_JSON)

    async def serve(self, scope: Scope, receive: Receive, send: Send, manner: Manner) -> None:
        """Answer one HTTP request that says its question in this manner; stays silent when the
        caller has gone.
        """
        headers = Headers(scope=scope)
        exchange = Exchange(
            headers=headers,
            manner=manner,
            language=language_of(headers.get("accept-language", "")),
            modern=wants_modern(headers.get("accept", "")),
            started=self._clock(),
            began=self._now(),
            trace=trace_of(headers.get("traceparent", ""), self._random_bytes),
        )
        try:
            response = await self._respond(scope, receive, exchange)
        except Gone:
            exchange.codes.append("GONE")
            self._note(exchange, None)
            return
        self._note(exchange, response.status_code)
        with suppress(OSError):  # the caller went away while the answer was sent
            await response(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive, exchange: Exchange) -> Response:
        """An answer, whatever happens; only Gone comes through."""
        try:
            return await self._attempt(scope, receive, exchange)
        except Gone:
            raise
        except Exception as error:
            return self._answer(exchange, {"errors": [self._masked(exchange, error)]}, 500)

    async def _attempt(self, scope: Scope, receive: Receive, exchange: Exchange) -> Response:
        try:
            result = await self._carry_out(scope, receive, exchange)
        except Refusal as refusal:
            return self._refused(exchange, refusal)
        except InvalidDocument as invalid:
            errors = [self._spoken(exchange, error, invalid.code) for error in invalid.errors]
            return self._answer(exchange, {"errors": errors}, self._request_status(exchange))
        except Unavailable as error:
            self._tell(exchange, "unavailable", error)
            return self._refused(exchange, Refusal("UNAVAILABLE"))
        return self._executed(exchange, result)

    async def _carry_out(
        self, scope: Scope, receive: Receive, exchange: Exchange
    ) -> ExecutionResult:
        """The result of the request's operation, committed; or what kept it from being made."""
        exchange.manner.check_head(scope["method"], exchange.headers)
        principal = await self._caller(exchange)
        body = await self._body(receive, exchange, principal)
        file = self._files.place(principal.organisation) if exchange.manner.bulk else nullcontext()
        with self._place(), file:
            question = exchange.manner.read(exchange.headers, body, self._limits)
            reading = reading_cost(len(question.query.encode()))
            self._spend(exchange, principal, reading)
            job, cost = self._job(exchange, principal, question)
            lists = row_lists(self._schema, job.operation, self._row_types)
            bulk = lists or exchange.manner.bulk
            if len(body) > self._limits.body_bytes and not bulk:
                raise Refusal("BODY_TOO_LARGE", limit=self._limits.body_bytes)
            if exchange.manner.bulk:
                cost = self._with_file(cost, len(body))
            self._spend(exchange, principal, cost, again=reading)
            check_scope(principal, job.operation)
            rejected = sift(question, lists)
            return await while_connected(receive, self._execute(exchange, job, rejected))

    async def _caller(self, exchange: Exchange) -> Principal:
        """Who asks; every reason why nobody is known gives the same refusal."""
        try:
            principal = await self._authenticate(exchange.headers)
        except Refusal:
            raise Refusal("UNAUTHENTICATED") from None
        exchange.organisation = str(principal.organisation)
        return principal

    async def _body(self, receive: Receive, exchange: Exchange, principal: Principal) -> bytes:
        """The body, as large as this caller's largest operation may be, within the time to read."""
        writes = "write" in principal.scopes
        cap = self._limits.bulk_body_bytes if writes else self._limits.body_bytes
        declared = exchange.headers.get("content-length", "")
        if declared.isdecimal() and (len(declared) > 12 or int(declared) > cap):
            raise Refusal("BODY_TOO_LARGE", limit=cap)
        with ExitStack() as held:
            place = self._large_bodies.place(principal.organisation)
            ordinary = self._limits.body_bytes
            if declared.isdecimal() and int(declared) > ordinary:
                held.enter_context(place)
                ordinary = cap
            try:
                async with asyncio.timeout(self._limits.read_seconds):
                    body = await read_body(
                        receive,
                        cap,
                        ordinary=ordinary,
                        when_larger=lambda: held.enter_context(place),
                    )
            except TimeoutError:
                raise Refusal("READ_TIMEOUT") from None
        exchange.read = True
        return body

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the places for work at the same moment; a Refusal when all are taken."""
        if self._running >= self._limits.concurrency:
            raise Refusal("UNAVAILABLE")
        self._running += 1
        try:
            with self._traffic.operation():
                yield
        finally:
            self._running -= 1

    def _job(self, exchange: Exchange, principal: Principal, question: Question) -> tuple[Job, int]:
        """The operation and its cost; who asks for one that is refused pays for the look at it."""
        try:
            documents = self._documents.of(principal.organisation)
            accepted = documents.accept(question.query)
            operation = accepted.operation(question.operation_name)
            exchange.operation = operation.name.value[:MAX_NAME] if operation.name else None
            exchange.kind = operation.operation.value
            check_lists(question.variables, self._limits)
            measure = documents.measure(accepted, operation, question.variables)
            check(measure, self._limits)
        except (Refusal, InvalidDocument):
            self._buckets.charge(principal.organisation, REFUSED_COST)
            exchange.cost = None
            raise
        return Job(principal, question, accepted, operation), max(1, measure.cost)

    def _spend(
        self, exchange: Exchange, principal: Principal, cost: int, *, again: int = 0
    ) -> None:
        """Take `cost` from the organisation's rate; a Refusal when it is not there."""
        spent = self._buckets.spend(principal.organisation, cost, again=again)
        limit = self._buckets.burst
        exchange.cost = {"requested": cost, "limit": limit, "remaining": spent.remaining}
        if spent.retry_after is not None:
            raise Refusal("RATE_LIMITED", seconds=spent.retry_after)

    def _with_file(self, cost: int, size: int) -> int:
        """The cost of an operation that brings a file, in a body of `size` bytes: at most half of
        what can be spent at once, so that it can always be carried out.
        """
        return max(cost, min(cost + size // BYTES_FOR_ONE, self._buckets.burst // 2))

    async def _execute(self, exchange: Exchange, job: Job, rejected: Rejected) -> ExecutionResult:
        """Run the operation in its turn, in one transaction of the caller; its result, once
        committed.
        """
        read_only = job.operation.operation is OperationType.QUERY
        try:
            async with (
                asyncio.timeout(self._limits.operation_seconds),
                self._turns.turn(job.principal.organisation),
                self._database.session(
                    job.principal,
                    read_only=read_only,
                    operation=exchange.operation or "",
                    trace=exchange.trace.trace_id,
                ) as session,
            ):
                context = self._make_context(
                    session,
                    job.principal,
                    language=exchange.language,
                    operation=exchange.operation,
                    rejected=rejected,
                )
                result = await self._result(job, context)
                raise_when_away(result.errors or ())
        except TimeoutError:
            raise Refusal("TIMEOUT", seconds=self._limits.operation_seconds) from None
        self._traffic.delivered(context.delivered)
        self._tell_processing(exchange, job, session)
        return result

    async def _result(self, job: Job, context: Context) -> ExecutionResult:
        """The result by a plan, or by graphql-core what no plan can."""
        if self._planned:
            try:
                result = await job.accepted.plans.execute(
                    job.operation, context, job.question.variables, most_errors=MAX_COERCION_ERRORS
                )
            except NotPlanned as why:
                self._traffic.executed("reference", why.reason)
            else:
                self._traffic.executed("plan")
                return result
        outcome = execute(
            self._schema,
            job.accepted.document,
            context_value=context,
            variable_values=job.question.variables,
            operation_name=job.question.operation_name,
            max_coercion_errors=MAX_COERCION_ERRORS,
            hide_suggestions=True,
        )
        return outcome if isinstance(outcome, ExecutionResult) else await outcome

    def _tell_processing(self, exchange: Exchange, job: Job, session: Session) -> None:
        """A line for each processing that was committed."""
        if not self._processing_logs:
            return
        asker = job.principal.organisation
        lines = lines_of(
            processings(job.operation, session.read, asker),
            asker,
            exchange.trace,
            (exchange.began, self._now()),
            self._random_bytes,
        )
        for each in self._processing_logs:
            each.add(lines)

    # ── Answers ──────────────────────────────────────────────────────────────────────────────────

    def _executed(self, exchange: Exchange, result: ExecutionResult) -> Response:
        """The answer to an operation that was carried out, in part or as a whole."""
        errors = result.errors or []
        if result.data is None and errors and all(error.path is None for error in errors):
            spoken = [self._spoken(exchange, error, "BAD_VARIABLE") for error in errors]
            return self._answer(exchange, {"errors": spoken}, self._request_status(exchange))
        answer: dict[str, Any] = {"data": result.data}
        if errors:
            answer["errors"] = [
                self._field_error(exchange, error) for error in sorted(errors, key=_place)
            ]
        return self._answer(exchange, answer, 200)

    def _refused(self, exchange: Exchange, refusal: Refusal) -> Response:
        """The answer to a request that was not carried out."""
        status = STATUS.get(refusal.code) or self._request_status(exchange)
        if status == 503:
            exchange.retry_after = RETRY_SECONDS
        if refusal.code == "RATE_LIMITED":
            exchange.retry_after = cast("int", refusal.params["seconds"])
        return self._answer(exchange, {"errors": [self._refusal_error(exchange, refusal)]}, status)

    def _request_status(self, exchange: Exchange) -> int:
        """The status of a well-formed request with a document or variables that are refused."""
        return 400 if exchange.modern else 200

    def _answer(self, exchange: Exchange, answer: dict[str, Any], status: int) -> Response:
        if exchange.cost is not None:
            answer["extensions"] = {"cost": exchange.cost}
        exchange.codes.extend(error["extensions"]["code"] for error in answer.get("errors", ()))
        headers = SECURITY_HEADERS | {
            "Content-Type": f"{MODERN if exchange.modern else LEGACY}; charset=utf-8",
            "Content-Language": exchange.language,
            "traceparent": exchange.trace.header,
        }
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if status == 405:
            headers["Allow"] = "POST"
        if exchange.retry_after is not None and status in (429, 503):
            headers["Retry-After"] = str(exchange.retry_after)
        if not exchange.read:  # what was not read would be taken for the next request
            headers["Connection"] = "close"
        return Response(orjson.dumps(answer, option=WRITTEN), status_code=status, headers=headers)

    # ── Errors ───────────────────────────────────────────────────────────────────────────────────

    def _field_error(self, exchange: Exchange, error: GraphQLError) -> dict[str, Any]:
        """An error at a field: a refusal in words, an argument that does not fit, or a fault."""
        refusal = refusal_in(error)
        if refusal is not None:
            return self._refusal_error(exchange, refusal, error)
        cause = root_cause(error)
        if isinstance(cause, GraphQLError) and speaks_of_argument(cause):
            return self._spoken(exchange, error, "BAD_VARIABLE")
        return self._masked(exchange, cause, error)

    def _refusal_error(
        self, exchange: Exchange, refusal: Refusal, where: GraphQLError | None = None
    ) -> dict[str, Any]:
        words = text(refusal.code, exchange.language, **refusal.params)
        extra = {"argument": list(refusal.path)} if refusal.path else {}
        return error_answer(words.message, refusal.code, words.hint, where, **extra)

    def _spoken(self, exchange: Exchange, error: GraphQLError, code: str) -> dict[str, Any]:
        """graphql-core's own words, which speak of the caller's document and variables alone."""
        refusal = refusal_in(error)
        if refusal is not None:
            return self._refusal_error(exchange, refusal, error)
        return error_answer(
            without_value(error.message), code, text(code, exchange.language).hint, error
        )

    def _masked(
        self, exchange: Exchange, fault: BaseException, where: GraphQLError | None = None
    ) -> dict[str, Any]:
        self._tell(exchange, "fault", fault)
        words = text("INTERNAL", exchange.language, errorId=exchange.error_id)
        return error_answer(words.message, "INTERNAL", words.hint, where, errorId=exchange.error_id)

    def _tell(self, exchange: Exchange, event: str, error: BaseException) -> None:
        """Log a fault under the id that the answer has; the first few of a request."""
        exchange.error_id = exchange.error_id or self._new_error_id()
        exchange.faults += 1
        if exchange.faults <= MAX_LOGGED_FAULTS:
            logs.event(
                log, logging.ERROR, event, errorId=exchange.error_id, places=logs.places(error)
            )

    def _note(self, exchange: Exchange, status: int | None) -> None:
        """Write down and count that a request is over; `status` None when its caller had gone."""
        seconds = self._clock() - exchange.started
        code = exchange.codes[0] if exchange.codes else None
        self._traffic.answered(exchange.kind, status, code, seconds)
        logs.event(
            log,
            logging.INFO,
            "operation",
            status=status,
            code=code,
            operation=exchange.operation,
            kind=exchange.kind,
            organisation=exchange.organisation,
            cost=exchange.cost["requested"] if exchange.cost else None,
            milliseconds=round(seconds * 1000),
            errorId=exchange.error_id,
            trace=exchange.trace.trace_id,
        )


def _place(error: GraphQLError) -> list[str | int]:
    """By which errors are in order: their paths. In which order resolvers fail is chance."""
    return error.path or []
