# SPDX-License-Identifier: EUPL-1.2
"""The GraphQL endpoint over HTTP: one POST in, one answer out.

Promises:

- nothing is read beyond a cap, for longer than a time, or before the caller is known;
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
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

import orjson
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,
    get_nullable_type,
    is_list_type,
    is_required_input_field,
    type_from_ast,
)
from graphql.utilities import validate_input_value
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from strawberry import Schema

from hub import logs
from hub.limits import Accepted, Documents, InvalidDocument, check, check_lists
from hub.rate import Buckets
from hub.settings import Limits
from resolvers.context import Language, RejectedRow, RejectedRows, RowError
from schema.texts import CODES, text
from sql.errors import Refusal, Unavailable
from sql.principal import Principal
from sql.session import Database, Session

Path = tuple[str | int, ...]

# Gives the caller; any Refusal means that there is none, and all of them look the same outside.
Authenticate = Callable[[Headers], Awaitable[Principal]]

MODERN = "application/graphql-response+json"
LEGACY = "application/json"

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
    "BATCH_NOT_SUPPORTED": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "METHOD_NOT_ALLOWED": 405,
    "READ_TIMEOUT": 408,
    "BODY_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "TIMEOUT": 504,
}
# The rest of such a request is not read, so the connection cannot be used again.
UNREAD = frozenset(
    {
        "BODY_TOO_LARGE",
        "METHOD_NOT_ALLOWED",
        "READ_TIMEOUT",
        "UNAUTHENTICATED",
        "UNSUPPORTED_MEDIA_TYPE",
    }
)
RETRY_SECONDS = 1

MAX_COERCION_ERRORS = 50
MAX_ROW_ERRORS = 20
MAX_LOGGED_FAULTS = 5
MAX_ECHO = 300
MAX_EXTERNAL_ID = 200
MAX_NAME = 80

NUL_ESCAPE = b"\\u0000"
FOUND = re.compile(r"[,;] found: .*", re.DOTALL)

T = TypeVar("T")

log = logging.getLogger(__name__)

# By the path of the list: ("rows",) for $rows, ("input", "rows") for the rows in $input.
Rejected = dict[tuple[str, ...], RejectedRows]


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
    ) -> object:
        """The context of one operation, which ends with its session."""


class RowList(NamedTuple):
    """A list of rows in an operation's variables: its path, and the type of one item."""

    path: tuple[str, ...]
    item: GraphQLInputType


class Question(NamedTuple):
    """A GraphQL request as it stood in the body; `suspect` when a NUL may be in its strings."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None
    suspect: bool


class Job(NamedTuple):
    """An operation that is ready to be carried out for its caller."""

    principal: Principal
    question: Question
    accepted: Accepted
    operation: OperationDefinitionNode


class Gone(Exception):
    """The caller closed the connection; nobody is there to answer."""


@dataclass(slots=True)
class Exchange:
    """One request while it is answered: how to answer, and what the log will say."""

    headers: Headers
    language: Language
    modern: bool
    started: float
    organisation: str | None = None
    operation: str | None = None
    kind: str | None = None
    cost: dict[str, int] | None = None
    retry_after: int | None = None
    error_id: str | None = None
    faults: int = 0
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
        clock: Callable[[], float] = time.monotonic,
        new_error_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        """Serve `schema`; lists of the input types named in `row_types` are checked row by row.

        `clock` gives monotonic seconds, for rates and durations.
        """
        # The graphql-core schema within: the hub runs parse, validation and limits by itself.
        self._schema: GraphQLSchema = schema._schema
        self._database = database
        self._authenticate = authenticate
        self._make_context = make_context
        self._limits = limits
        self._row_types = row_types
        self._clock = clock
        self._new_error_id = new_error_id
        self._documents = Documents(self._schema, limits)
        self._buckets = Buckets(
            burst=limits.rate_burst, per_second=limits.rate_per_second, clock=clock
        )
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; stays silent when the caller has gone."""
        headers = Headers(scope=scope)
        exchange = Exchange(
            headers=headers,
            language=language_of(headers.get("accept-language", "")),
            modern=wants_modern(headers.get("accept", "")),
            started=self._clock(),
        )
        try:
            response = await self._respond(scope, receive, exchange)
        except Gone:
            exchange.codes.append("GONE")
            self._log(exchange, None)
            return
        self._log(exchange, response.status_code)
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
        check_head(scope["method"], exchange.headers)
        principal = await self._caller(exchange)
        body = await self._body(receive, exchange, principal)
        with self._place():
            question = read_question(body)
            accepted = self._documents.accept(question.query)
            operation = accepted.operation(question.operation_name)
            exchange.operation = operation.name.value[:MAX_NAME] if operation.name else None
            exchange.kind = operation.operation.value
            lists = row_lists(self._schema, operation, self._row_types)
            if len(body) > self._limits.body_bytes and not lists:
                raise Refusal("BODY_TOO_LARGE", limit=self._limits.body_bytes)
            job = Job(principal, question, accepted, operation)
            self._pay(exchange, job)
            check_scope(principal, operation)
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
        try:
            async with asyncio.timeout(self._limits.read_seconds):
                return await read_body(receive, cap)
        except TimeoutError:
            raise Refusal("READ_TIMEOUT") from None

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the places for work at the same moment; a Refusal when all are taken."""
        if self._running >= self._limits.concurrency:
            raise Refusal("UNAVAILABLE")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def _pay(self, exchange: Exchange, job: Job) -> None:
        """Measure the operation with its variables, and take its cost from the rate."""
        variables = job.question.variables
        check_lists(variables, self._limits)
        measure = self._documents.measure(job.accepted, job.operation, variables)
        check(measure, self._limits)
        cost = max(1, measure.cost)
        spent = self._buckets.spend(job.principal.organisation, cost)
        limit = self._buckets.burst
        exchange.cost = {"requested": cost, "limit": limit, "remaining": spent.remaining}
        if spent.retry_after is not None:
            exchange.retry_after = spent.retry_after
            raise Refusal("RATE_LIMITED", seconds=spent.retry_after)

    async def _execute(self, exchange: Exchange, job: Job, rejected: Rejected) -> ExecutionResult:
        """Run the operation in one transaction of the caller; its result, once committed."""
        read_only = job.operation.operation is OperationType.QUERY
        try:
            async with (
                asyncio.timeout(self._limits.operation_seconds),
                self._database.session(
                    job.principal, read_only=read_only, operation=exchange.operation or ""
                ) as session,
            ):
                outcome = execute(
                    self._schema,
                    job.accepted.document,
                    context_value=self._make_context(
                        session,
                        job.principal,
                        language=exchange.language,
                        operation=exchange.operation,
                        rejected=rejected,
                    ),
                    variable_values=job.question.variables,
                    operation_name=job.question.operation_name,
                    max_coercion_errors=MAX_COERCION_ERRORS,
                    hide_suggestions=True,
                )
                result = outcome if isinstance(outcome, ExecutionResult) else await outcome
                raise_when_away(result.errors or ())
                return result
        except TimeoutError:
            raise Refusal("TIMEOUT", seconds=self._limits.operation_seconds) from None

    # ── Answers ──────────────────────────────────────────────────────────────────────────────────

    def _executed(self, exchange: Exchange, result: ExecutionResult) -> Response:
        """The answer to an operation that was carried out, in part or as a whole."""
        errors = result.errors or []
        if result.data is None and errors and all(error.path is None for error in errors):
            spoken = [self._spoken(exchange, error, "BAD_VARIABLE") for error in errors]
            return self._answer(exchange, {"errors": spoken}, self._request_status(exchange))
        answer: dict[str, Any] = {"data": result.data}
        if errors:
            answer["errors"] = [self._field_error(exchange, error) for error in errors]
        return self._answer(exchange, answer, 200)

    def _refused(self, exchange: Exchange, refusal: Refusal) -> Response:
        """The answer to a request that was not carried out."""
        status = STATUS.get(refusal.code) or self._request_status(exchange)
        if status == 503:
            exchange.retry_after = RETRY_SECONDS
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
        }
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if status == 405:
            headers["Allow"] = "POST"
        if exchange.retry_after is not None and status in (429, 503):
            headers["Retry-After"] = str(exchange.retry_after)
        if exchange.codes and exchange.codes[0] in UNREAD:
            headers["Connection"] = "close"
        return Response(orjson.dumps(answer), status_code=status, headers=headers)

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
        return _error(words.message, refusal.code, words.hint, where, **extra)

    def _spoken(self, exchange: Exchange, error: GraphQLError, code: str) -> dict[str, Any]:
        """graphql-core's own words, which speak of the caller's document and variables alone."""
        refusal = refusal_in(error)
        if refusal is not None:
            return self._refusal_error(exchange, refusal, error)
        return _error(without_value(error.message), code, text(code, exchange.language).hint, error)

    def _masked(
        self, exchange: Exchange, fault: BaseException, where: GraphQLError | None = None
    ) -> dict[str, Any]:
        self._tell(exchange, "fault", fault)
        words = text("INTERNAL", exchange.language, errorId=exchange.error_id)
        return _error(words.message, "INTERNAL", words.hint, where, errorId=exchange.error_id)

    def _tell(self, exchange: Exchange, event: str, error: BaseException) -> None:
        """Log a fault under the id that the answer has; the first few of a request."""
        exchange.error_id = exchange.error_id or self._new_error_id()
        exchange.faults += 1
        if exchange.faults <= MAX_LOGGED_FAULTS:
            logs.event(
                log, logging.ERROR, event, errorId=exchange.error_id, places=logs.places(error)
            )

    def _log(self, exchange: Exchange, status: int | None) -> None:
        logs.event(
            log,
            logging.INFO,
            "operation",
            status=status,
            code=exchange.codes[0] if exchange.codes else None,
            operation=exchange.operation,
            kind=exchange.kind,
            organisation=exchange.organisation,
            cost=exchange.cost["requested"] if exchange.cost else None,
            milliseconds=round((self._clock() - exchange.started) * 1000),
            errorId=exchange.error_id,
        )


# ── Reading a request ────────────────────────────────────────────────────────────────────────────


def weights(header: str) -> dict[str, float]:
    """Names and their `q` in an Accept or Accept-Language header, in its order."""
    found: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            found[name] = float(quality)
        except ValueError:
            found[name] = 0.0
    return found


def wants_modern(accept: str) -> bool:
    """Whether the answer is to be application/graphql-response+json."""
    quality = weights(accept)
    return quality.get(MODERN, 0) > 0 and quality[MODERN] >= quality.get(LEGACY, 0)


def language_of(accept: str) -> Language:
    """The language to answer in: Dutch unless English is preferred."""
    best: dict[str, float] = {}
    for name, quality in weights(accept).items():
        language = name.partition("-")[0]
        best[language] = max(quality, best.get(language, 0))
    return "en" if best.get("en", 0) > best.get("nl", 0) else "nl"


def check_head(method: str, headers: Headers) -> None:
    """Refuse whatever is not a POST of JSON in UTF-8."""
    if method != "POST":
        raise Refusal("METHOD_NOT_ALLOWED")
    kind, *parameters = (p.strip().lower() for p in headers.get("content-type", "").split(";"))
    plain = headers.get("content-encoding", "identity").lower() == "identity"
    charset = all(p.replace('"', "") in ("", "charset=utf-8", "charset=utf8") for p in parameters)
    if kind != LEGACY or not charset or not plain:
        raise Refusal("UNSUPPORTED_MEDIA_TYPE")


async def read_body(receive: Receive, cap: int) -> bytes:
    """The whole body; a Refusal as soon as it is larger than `cap`, Gone when it ends half-way."""
    body = bytearray()
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > cap:
            raise Refusal("BODY_TOO_LARGE", limit=cap)
        if not message.get("more_body", False):
            return bytes(body)


def read_question(body: bytes) -> Question:
    """The GraphQL request in `body`; a Refusal when it is not one. `extensions` are not used."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal("BAD_JSON") from None
    if isinstance(content, list):
        raise Refusal("BATCH_NOT_SUPPORTED")
    if not isinstance(content, dict):
        raise Refusal("BAD_REQUEST", parameter="query")
    query = _parameter(content, "query", str)
    if query is None:
        raise Refusal("BAD_REQUEST", parameter="query")
    variables = _parameter(content, "variables", dict)
    name = _parameter(content, "operationName", str)
    _parameter(content, "extensions", dict)
    if "\x00" in query or "\x00" in (name or ""):
        raise Refusal("TEXT_UNREADABLE")
    return Question(query, variables or {}, name or None, NUL_ESCAPE in body)


def _parameter(content: dict[str, Any], name: str, kind: type[object]) -> Any:
    value = content.get(name)
    if value is not None and not isinstance(value, kind):
        raise Refusal("BAD_REQUEST", parameter=name)
    return value


def check_scope(principal: Principal, operation: OperationDefinitionNode) -> None:
    """Refuse an operation that the caller's credential is not meant for."""
    needed = "read" if operation.operation is OperationType.QUERY else "write"
    if needed not in principal.scopes:
        raise Refusal("FORBIDDEN", scope=needed)


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives; cancelled, and Gone raised, when the caller closes the connection."""
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Gone
        return task.result()
    finally:
        for part in (task, watch):
            part.cancel()
        await asyncio.gather(task, watch, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


# ── Rows, each on its own ────────────────────────────────────────────────────────────────────────


def row_lists(
    schema: GraphQLSchema, operation: OperationDefinitionNode, row_types: frozenset[str]
) -> list[RowList]:
    """The lists of rows that the operation's variables can hold."""
    found: list[RowList] = []
    for node in operation.variable_definitions or ():
        declared: Any = type_from_ast(schema, node.type)
        found.extend(_lists_in(declared, (node.variable.name.value,), row_types, frozenset()))
    return found


def _lists_in(
    declared: Any, path: tuple[str, ...], row_types: frozenset[str], seen: frozenset[str]
) -> Iterator[RowList]:
    kind = get_nullable_type(declared)
    if is_list_type(kind):
        inner = get_nullable_type(kind.of_type)
        if isinstance(inner, GraphQLInputObjectType) and inner.name in row_types:
            yield RowList(path, kind.of_type)
    elif isinstance(kind, GraphQLInputObjectType) and kind.name not in seen:
        for name, input_field in kind.fields.items():
            yield from _lists_in(input_field.type, (*path, name), row_types, seen | {kind.name})


def sift(question: Question, lists: Iterable[RowList]) -> Rejected:
    """Take rows that GraphQL would refuse out of the variables, so that they do not fail the rest.

    A NUL that is left anywhere else in the variables is a Refusal TEXT_UNREADABLE.
    """
    rejected: Rejected = {}
    for rows in lists:
        holder: Any = question.variables
        for key in rows.path[:-1]:
            holder = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(holder, dict) and holder.get(rows.path[-1]) is not None:
            given = holder[rows.path[-1]]
            given = given if isinstance(given, list) else [given]  # GraphQL takes one for a list
            kept, rejected[rows.path] = _sorted_out(given, rows.item, question.suspect)
            holder[rows.path[-1]] = kept
    if question.suspect and next(_nuls(question.variables), None) is not None:
        raise Refusal("TEXT_UNREADABLE")
    return rejected


def _sorted_out(
    rows: list[Any], item: GraphQLInputType, suspect: bool
) -> tuple[list[Any], RejectedRows]:
    """The rows that can be read, and the account of all."""
    kept: list[Any] = []
    lines: list[int] = []
    rejected: list[RejectedRow] = []
    for line, row in enumerate(rows, start=1):
        errors = _row_errors(row, item, suspect)
        if errors:
            rejected.append(RejectedRow(line, _external_id(row), errors))
        else:
            kept.append(row)
            lines.append(line)
    return kept, RejectedRows(tuple(rejected), tuple(lines))


def _external_id(row: object) -> str | None:
    """The sender's own name of a row, when it is one that can be stored and shown."""
    given = row.get("externalId") if isinstance(row, dict) else None
    fits = isinstance(given, str) and len(given) <= MAX_EXTERNAL_ID and "\x00" not in given
    return given if fits else None


def _row_errors(row: object, item: GraphQLInputType, suspect: bool) -> tuple[RowError, ...]:
    """What is wrong with a row, at most MAX_ROW_ERRORS; empty when GraphQL takes it."""
    found: list[tuple[GraphQLError, list[str | int]]] = []
    validate_input_value(row, item, lambda error, path: found.append((error, path)), True)
    refusals = [refusal for error, path in found for refusal in _explained(row, item, error, path)]
    if suspect:
        refusals.extend(Refusal("TEXT_UNREADABLE", path=path) for path in _nuls(row))
    once = {(refusal.path, refusal.code): refusal for refusal in refusals}
    return tuple(
        RowError(_storable(refusal.path), refusal.code, refusal.params)
        for refusal in islice(once.values(), MAX_ROW_ERRORS)
    )


def _storable(path: Path) -> Path:
    """A path whose names, which a sender may have made up, fit a receipt."""
    return tuple(
        key[:MAX_NAME].replace("\x00", "\N{REPLACEMENT CHARACTER}") if isinstance(key, str) else key
        for key in path
    )


def _explained(
    row: object, item: GraphQLInputType, error: GraphQLError, path: list[str | int]
) -> Iterator[Refusal]:
    """The hub's own codes for what graphql-core says about one place in a row."""
    where = tuple(path)
    kind, value = _at(row, item, path)
    refusal = refusal_in(error)
    if refusal is not None:
        yield refusal.under(*where)
    elif value is None:
        yield Refusal("MISSING_FIELD", path=where)
    elif isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        for name, input_field in kind.fields.items():
            if name not in value and is_required_input_field(input_field):
                yield Refusal("MISSING_FIELD", path=(*where, name))
        for name in value.keys() - kind.fields.keys():
            yield Refusal("UNKNOWN_FIELD", path=(*where, name))
    elif isinstance(kind, GraphQLEnumType):
        yield Refusal("UNKNOWN_VALUE", path=where, allowed=", ".join(kind.values))
    else:
        yield Refusal("BAD_VALUE", path=where)


def _at(row: object, item: GraphQLInputType, path: list[str | int]) -> tuple[object, object]:
    """The type, without its wrappers, and the value at one place in a row."""
    kind: Any = get_nullable_type(item)
    value: Any = row
    for key in path:
        if isinstance(key, int):
            kind, value = kind.of_type, value[key]
        else:
            kind, value = _one(kind).fields[key].type, value.get(key)
        kind = get_nullable_type(kind)
    return (kind if isinstance(value, list) else _one(kind)), value


def _one(kind: Any) -> Any:
    """The type of one item where GraphQL takes one item for a list of one."""
    while is_list_type(kind):
        kind = get_nullable_type(kind.of_type)
    return kind


def _nuls(value: object) -> Iterator[Path]:
    """The places in a JSON value where a text, or a name, has the character NUL."""
    waiting: list[tuple[Path, object]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, str) and "\x00" in item:
            yield path
        elif isinstance(item, dict):
            if any("\x00" in name for name in item):
                yield path
            waiting.extend(((*path, name), inner) for name, inner in item.items())
        elif isinstance(item, list):
            waiting.extend(((*path, index), inner) for index, inner in enumerate(item))


# ── Telling errors apart ─────────────────────────────────────────────────────────────────────────


def root_cause(error: BaseException) -> BaseException:
    """The exception that graphql-core wrapped, however often."""
    cause = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def refusal_in(error: GraphQLError) -> Refusal | None:
    """The refusal that `error` wraps, or that a scalar gave as a code of the catalogue."""
    cause = root_cause(error)
    if isinstance(cause, Refusal):
        return cause
    code = (error.extensions or {}).get("code")
    return Refusal(code) if isinstance(code, str) and code in CODES else None


def raise_when_away(errors: Iterable[GraphQLError]) -> None:
    """Give up the whole operation when the database was lost in the middle of it."""
    for error in errors:
        cause = root_cause(error)
        if isinstance(cause, Unavailable):
            raise cause


def speaks_of_argument(error: GraphQLError) -> bool:
    """Whether graphql-core blames an argument in the document, rather than a field's value."""
    return any(not isinstance(node, FieldNode) for node in error.nodes or ())


def without_value(message: str) -> str:
    """A message of graphql-core without the value that it ends with, and not too long."""
    return FOUND.sub(".", message)[:MAX_ECHO]


def _error(
    message: str, code: str, hint: str | None, where: GraphQLError | None, **extra: object
) -> dict[str, Any]:
    """An error as GraphQL has it; the hint is left out when there is none."""
    error: dict[str, Any] = {"message": message}
    if where is not None and where.locations:
        error["locations"] = [location.formatted for location in where.locations]
    if where is not None and where.path is not None:
        error["path"] = where.path
    error["extensions"] = {"code": code, **({"hint": hint} if hint else {}), **extra}
    return error
