# SPDX-License-Identifier: EUPL-1.2
"""What an operator can set: read once from the environment, cast, checked and frozen.

Promises: every number by which the hub limits itself stands here; a value that cannot be used stops
the start with one message that names each variable, what is wrong and what to give instead;
database addresses do not show in `repr`. `docs/settings.md` lists each variable, and a test
compares the two.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, Self, cast, get_args, get_type_hints

from hub.rate import reading_cost

LogFormat = Literal["json", "human"]

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})


class SettingsError(ValueError):
    """The environment holds values that the hub cannot use; the message has a line for each."""


def _between(env: str, help_: str, low: float, high: float) -> dict[str, Any]:
    return {"env": env, "help": help_, "low": low, "high": high}


def _plain(env: str, help_: str) -> dict[str, Any]:
    return {"env": env, "help": help_}


def _yes_or_no(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise SettingsError("give yes or no")
    return text.lower() in YES


def _number(text: str, kind: type[int] | type[float], metadata: Mapping[str, Any]) -> int | float:
    low, high = metadata["low"], metadata["high"]
    what = "a whole number" if kind is int else "a number"
    try:
        value = kind(text)
    except ValueError:
        raise SettingsError(f"give {what} from {low} to {high}") from None
    if not low <= value <= high:  # also refuses nan
        raise SettingsError(f"give {what} from {low} to {high}")
    return value


def _cast(text: str, kind: Any, metadata: Mapping[str, Any]) -> object:
    """The value of one variable, or SettingsError with the cure."""
    if kind is bool:
        return _yes_or_no(text)
    if kind in (int, float, int | None):
        return _number(text, float if kind is float else int, metadata)
    if kind == LogFormat:
        if text not in get_args(LogFormat):
            raise SettingsError(f"give one of {', '.join(get_args(LogFormat))}")
        return text
    return Path(text).expanduser() if Path in (kind, *get_args(kind)) else text


def _read(owner: type[Any], environ: Mapping[str, str]) -> dict[str, object]:
    """Values of the fields of `owner` that `environ` sets; an empty variable counts as absent."""
    kinds = get_type_hints(owner)
    values: dict[str, object] = {}
    wrong: list[str] = []
    for setting in documented(owner):
        env = setting.metadata["env"]
        text = environ.get(env, "").strip()
        if not text:
            continue
        try:
            values[setting.name] = _cast(text, kinds[setting.name], setting.metadata)
        except SettingsError as cure:
            wrong.append(f"{env} cannot be used: {cure}.")
    if wrong:
        raise SettingsError("\n".join(wrong))
    return values


def documented(owner: type[Any]) -> list[Field[Any]]:
    """The fields of Settings or Limits that a variable of the environment can set."""
    return [setting for setting in fields(owner) if "env" in setting.metadata]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request, one operation and one organisation may ask at most."""

    body_bytes: int = field(
        default=1_000_000,
        metadata=_between(
            "HUB_LIMIT_BODY_BYTES",
            "Bytes of a request's body.",
            1_000,
            100_000_000,
        ),
    )
    bulk_body_bytes: int = field(
        default=8_000_000,
        metadata=_between(
            "HUB_LIMIT_BULK_BODY_BYTES",
            "Bytes of a body whose operation delivers rows (a push), or that brings a file.",
            1_000,
            100_000_000,
        ),
    )
    query_bytes: int = field(
        default=100_000,
        metadata=_between(
            "HUB_LIMIT_QUERY_BYTES",
            "Bytes of a document's text, which is not parsed when it is longer.",
            100,
            10_000_000,
        ),
    )
    read_seconds: float = field(
        default=10.0,
        metadata=_between(
            "HUB_LIMIT_READ_SECONDS",
            "Seconds in which a request's body must have come in.",
            0.01,
            300,
        ),
    )
    operation_seconds: float = field(
        default=10.0,
        metadata=_between(
            "HUB_LIMIT_OPERATION_SECONDS",
            "Seconds that one operation may take, its commit included.",
            0.01,
            300,
        ),
    )
    concurrency: int = field(
        default=64,
        metadata=_between(
            "HUB_LIMIT_CONCURRENCY",
            "Operations at the same moment in one process; a further one gets 503 at once.",
            1,
            10_000,
        ),
    )
    organisation_concurrency: int = field(
        default=3,
        metadata=_between(
            "HUB_LIMIT_ORGANISATION_CONCURRENCY",
            "Operations of one organisation at the same moment in one process; a further one waits"
            " for its turn, without a connection to the database.",
            1,
            10_000,
        ),
    )
    organisation_waiting: int = field(
        default=13,
        metadata=_between(
            "HUB_LIMIT_ORGANISATION_WAITING",
            "Operations of one organisation that wait for their turn; a further one gets 429 at"
            " once.",
            0,
            10_000,
        ),
    )
    tokens: int = field(
        default=5_000,
        metadata=_between(
            "HUB_LIMIT_TOKENS", "Tokens of a document, comments included.", 1, 1_000_000
        ),
    )
    fields: int = field(
        default=1_000,
        metadata=_between(
            "HUB_LIMIT_FIELDS",
            "Fields of an operation, fragments written out; also of all that a document defines,"
            " used or not.",
            1,
            1_000_000,
        ),
    )
    fragments: int = field(
        default=50,
        metadata=_between(
            "HUB_LIMIT_FRAGMENTS", "Fragments that a document defines, used or not.", 0, 100_000
        ),
    )
    spreads: int = field(
        default=200,
        metadata=_between(
            "HUB_LIMIT_SPREADS", "Places in a document where a fragment is used.", 0, 100_000
        ),
    )
    repeats: int = field(
        default=100,
        metadata=_between(
            "HUB_LIMIT_REPEATS",
            "Fields in a document that have one name in the answer, and arguments or fields of"
            " their own.",
            1,
            1_000_000,
        ),
    )
    depth: int = field(
        default=12,
        metadata=_between("HUB_LIMIT_DEPTH", "Levels of fields in an operation.", 1, 200),
    )
    introspection_depth: int = field(
        default=20,
        metadata=_between(
            "HUB_LIMIT_INTROSPECTION_DEPTH",
            "Levels of fields under __schema or __type.",
            1,
            200,
        ),
    )
    list_depth: int = field(
        default=6,
        metadata=_between(
            "HUB_LIMIT_LIST_DEPTH", "Lists within lists in an operation's answer.", 1, 200
        ),
    )
    aliases: int = field(
        default=30,
        metadata=_between(
            "HUB_LIMIT_ALIASES", "Aliases in an operation, fragments written out.", 0, 100_000
        ),
    )
    root_fields: int = field(
        default=20,
        metadata=_between(
            "HUB_LIMIT_ROOT_FIELDS", "Fields at the root of an operation.", 1, 100_000
        ),
    )
    directives: int = field(
        default=50,
        metadata=_between(
            "HUB_LIMIT_DIRECTIVES", "Directives in an operation, fragments written out.", 0, 100_000
        ),
    )
    cost: int = field(
        default=10_000,
        metadata=_between(
            "HUB_LIMIT_COST",
            "Nodes that the answer of one operation may hold, by the static estimate.",
            1,
            100_000_000,
        ),
    )
    rows: int = field(
        default=5_000,
        metadata=_between(
            "HUB_LIMIT_ROWS",
            "Items of any one list in the variables (rows of a push).",
            1,
            10**6,
        ),
    )
    rate_burst: int = field(
        default=300_000,
        metadata=_between(
            "HUB_LIMIT_RATE_BURST",
            "Cost that one organisation may spend at once; enough for HUB_LIMIT_COST and"
            " HUB_LIMIT_QUERY_BYTES together. Workers divide it.",
            1,
            10**12,
        ),
    )
    rate_per_second: float = field(
        default=5_000.0,
        metadata=_between(
            "HUB_LIMIT_RATE_PER_SECOND",
            "Cost that an organisation gets back each second. Workers divide it.",
            0.001,
            1e12,
        ),
    )

    @property
    def dearest(self) -> int:
        """The cost of the dearest operation in the longest document."""
        return self.cost + reading_cost(self.query_bytes)

    def __post_init__(self) -> None:
        """Refuse limits that contradict each other."""
        if self.rate_burst < self.dearest:
            raise SettingsError(
                f"HUB_LIMIT_RATE_BURST cannot be used: give at least {self.dearest}, the cost of"
                " the dearest operation in the longest document, or it could never be carried out."
            )
        if self.bulk_body_bytes < self.body_bytes:
            raise SettingsError(
                "HUB_LIMIT_BULK_BODY_BYTES cannot be used: give at least"
                f" HUB_LIMIT_BODY_BYTES ({self.body_bytes})."
            )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Limits as `environ` sets them; SettingsError names each variable that is wrong."""
        return cls(**cast("dict[str, Any]", _read(cls, environ)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this hub is installed: database, address, logs, limits."""

    database_url: str | None = field(
        default=None,
        repr=False,
        metadata=_plain(
            "DATABASE_URL",
            "PostgreSQL to serve, as the role hub_app. Without it the hub starts an embedded one.",
        ),
    )
    owner_url: str | None = field(
        default=None,
        repr=False,
        metadata=_plain(
            "HUB_OWNER_URL",
            "The same PostgreSQL as the role hub_owner, for migrations and administration.",
        ),
    )
    data: Path = field(
        default=Path(".hub"),
        metadata=_plain("HUB_DATA", "Folder of the embedded database and the demo's tokens."),
    )
    pg_bindir: Path | None = field(
        default=None,
        metadata=_plain(
            "HUB_PG_BINDIR",
            "Folder with initdb and postgres for the embedded database; otherwise an installed"
            " package or the system's.",
        ),
    )
    host: str = field(default="127.0.0.1", metadata=_plain("HUB_HOST", "Address to listen on."))
    port: int = field(default=8731, metadata=_between("HUB_PORT", "Port to listen on.", 1, 65_535))
    workers: int = field(
        default=1,
        metadata=_between("HUB_WORKERS", "Processes that answer requests.", 1, 64),
    )
    metrics_host: str = field(
        default="127.0.0.1",
        metadata=_plain("HUB_METRICS_HOST", "Address to listen on for /metrics."),
    )
    metrics_port: int | None = field(
        default=None,
        metadata=_between(
            "HUB_METRICS_PORT",
            "Port to listen on for /metrics, which is nowhere else. Without it there is none.",
            1,
            65_535,
        ),
    )
    pool_size: int = field(
        default=8,
        metadata=_between("HUB_POOL_SIZE", "Connections to the database of one process.", 1, 1_000),
    )
    acquire_seconds: float = field(
        default=2.0,
        metadata=_between(
            "HUB_ACQUIRE_SECONDS",
            "Seconds to wait for a free connection before the answer is 503.",
            0.01,
            60,
        ),
    )
    ledger_waits: bool = field(
        default=False,
        metadata=_plain(
            "HUB_LEDGER_WAITS",
            "yes: a read waits until what it left in the ledger is on the database's disk. no: the"
            " last moments of the ledger are lost when the database's machine stops at once.",
        ),
    )
    log_format: LogFormat = field(
        default="json",
        metadata=_plain(
            "HUB_LOG_FORMAT", "json: a JSON object a line. human: for a person at a terminal."
        ),
    )
    ldv_log: Path | None = field(
        default=None,
        metadata=_plain(
            "HUB_LDV_LOG",
            "File to which a line of each processing is added (Logboek Dataverwerkingen), as JSON;"
            " - is standard output.",
        ),
    )
    otlp_url: str | None = field(
        default=None,
        metadata=_plain(
            "HUB_OTLP_URL",
            "Address to which the same lines are sent, by OTLP over HTTP as JSON:"
            " http://collector:4318/v1/traces.",
        ),
    )
    production: bool = field(
        default=True,
        metadata=_plain(
            "HUB_PRODUCTION",
            "yes: no pages for developers (GraphiQL). Introspection needs a token either way.",
        ),
    )
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuse more workers than the rate of one organisation can be divided over."""
        dearest = self.workers * self.limits.dearest
        if self.limits.rate_burst < dearest:
            raise SettingsError(
                f"HUB_LIMIT_RATE_BURST cannot be used: {self.workers} workers divide it. Give at"
                f" least {dearest}, or set HUB_WORKERS lower."
            )

    @property
    def limits_of_one_worker(self) -> Limits:
        """The limits, with the rate of an organisation divided over the workers."""
        return replace(
            self.limits,
            rate_burst=self.limits.rate_burst // self.workers,
            rate_per_second=self.limits.rate_per_second / self.workers,
        )

    @property
    def connections(self) -> int:
        """To the database, of all processes together; the one that keeps workers has two."""
        return self.workers * self.pool_size + (2 if self.workers > 1 else 0)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Settings as `environ` sets them; SettingsError names each variable that is wrong."""
        wrong: list[str] = []
        values: dict[str, object] = {}
        limits = Limits()
        try:
            values = _read(cls, environ)
        except SettingsError as error:
            wrong.append(str(error))
        try:
            limits = Limits.from_environment(environ)
        except SettingsError as error:
            wrong.append(str(error))
        if wrong:
            raise SettingsError("\n".join(wrong))
        return cls(**cast("dict[str, Any]", values), limits=limits)
