# SPDX-License-Identifier: EUPL-1.2
"""The data folder of the embedded database: who may use it, and what lies where.

    DIR/hub.lock      locked (flock) by the hub that uses the folder; holds its process number
    DIR/pgdata/       PostgreSQL's own folder, with the socket in it; 0700, of the server's user
    DIR/server.log    the server's log; server.log.1 is the part before
    DIR/socket-folder where the socket is when the path of pgdata is too long for one
    DIR/tokens.json   of a demo: its tokens

DIR stays of the user that runs the hub. The server's user need not be able to reach DIR: it gets
pgdata as an open folder, so a DIR below root's home works without changing anyone's permissions.
"""

import fcntl
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hub.database.errors import (
    DataFolderInUse,
    DataFolderNotOurs,
    DataFolderOfAnother,
    DataFolderUnusable,
    NamelessUser,
)

# The longest path of a Unix socket that every Linux program accepts, in bytes.
SOCKET_PATH_LIMIT = 107
SOCKET_NAME = ".s.PGSQL.5432"
LOG_LIMIT = 1_000_000
# What a folder without data may have in it; `lost+found` is there when it is a disk of its own.
LEFT_BEHIND = frozenset(
    {
        "hub.lock",
        "lost+found",
        "pgdata.new",
        "server.log",
        "server.log.1",
        "socket-folder",
        "tokens.json",
    }
)


def default_data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where data go when nobody says where: root's in /var/lib, another user's in the home."""
    if os.geteuid() == 0:
        return Path("/var/lib/wijk-hub")
    data_home = environ.get("XDG_DATA_HOME", "")
    # The XDG specification says to ignore a relative path.
    base = Path(data_home) if data_home.startswith("/") else Path.home() / ".local" / "share"
    return base / "wijk-hub"


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the server runs as. `drop` says that the hub is root and must change to it."""

    name: str
    uid: int
    gid: int
    drop: bool


def name_of_user(uid: int) -> str:
    """The name of a user of this machine. Raises NamelessUser."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise NamelessUser(uid=uid) from None


class DataFolder:
    """One data folder, ours from `open` to `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.cluster = self.path / "pgdata"
        self.log = self.path / "server.log"
        self._unfinished = self.path / "pgdata.new"
        self._lock: int | None = None
        self._note = self.path / "socket-folder"

    def open(self) -> None:
        """Makes the folder where needed and locks it.

        Raises DataFolderInUse, DataFolderNotOurs, DataFolderOfAnother or DataFolderUnusable.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._refuse_unsafe(self.path.stat())
            self._refuse_other_files()
            self._take_lock()
        except OSError as error:
            raise DataFolderUnusable(folder=self.path, reason=error.strerror) from error

    def close(self) -> None:
        """Removes the socket's folder where that was a separate one, and lets go of the lock."""
        if self._lock is None:
            return
        self._remove_separate_socket_folder()
        os.close(self._lock)
        self._lock = None

    def _refuse_unsafe(self, found: os.stat_result) -> None:
        if found.st_uid != os.geteuid() or found.st_mode & stat.S_IWOTH:
            raise DataFolderOfAnother(folder=self.path, owner=found.st_uid)

    def _refuse_other_files(self) -> None:
        names = {entry.name for entry in self.path.iterdir()}
        if self.cluster.name not in names and (others := sorted(names - LEFT_BEHIND)):
            raise DataFolderNotOurs(folder=self.path, file=others[0])

    def _take_lock(self) -> None:
        lock = os.open(self.path / "hub.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 20).decode(errors="replace").strip()
            os.close(lock)
            raise DataFolderInUse(folder=self.path, pid=holder or "?") from None
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock

    # The server's user

    def account(self) -> Account:
        """Who runs the server: ourselves, or when we are root the owner of the data that are there,
        else `postgres` where that user exists, else `nobody`. Raises NamelessUser.
        """
        uid = os.geteuid()
        if uid != 0:
            return Account(name_of_user(uid), uid, os.getegid(), drop=False)
        user = self._owner_of_data() or _unprivileged_user()
        return Account(user.pw_name, user.pw_uid, user.pw_gid, drop=True)

    def _owner_of_data(self) -> pwd.struct_passwd | None:
        if not self.cluster.exists():
            return None
        owner = self.cluster.stat().st_uid
        if owner == 0:
            raise DataFolderOfAnother(folder=self.cluster, owner="root")
        return pwd.getpwnam(name_of_user(owner))

    # The cluster

    def major(self) -> int | None:
        """The major version that wrote the data, None when there are none yet."""
        try:
            return int((self.cluster / "PG_VERSION").read_text().strip())
        except FileNotFoundError:
            return None

    def begin_cluster(self, account: Account) -> Path:
        """An empty folder to make a cluster in; what an earlier attempt left is removed."""
        if self._unfinished.exists():
            shutil.rmtree(self._unfinished)
        self._unfinished.mkdir(mode=0o700)
        _give(self._unfinished, account)
        return self._unfinished

    def finish_cluster(self) -> None:
        """The cluster is whole and gets its lasting name, so none is ever found half made."""
        self._unfinished.rename(self.cluster)
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)

    def allow_users(self, account: Account, roles: tuple[str, ...]) -> None:
        """Only the hub's user and the server's may log in, as any of `roles`, by who they are."""
        users = sorted({name_of_user(os.geteuid()), account.name})
        pairs = "".join(f'hub "{user}" {role}\n' for user in users for role in roles)
        self._write("pg_ident.conf", pairs, account)
        self._write("pg_hba.conf", "local all all peer map=hub\n", account)

    def _write(self, name: str, text: str, account: Account) -> None:
        # As root in a folder of somebody else: never follow or overwrite what they put there.
        folder = os.open(self.cluster, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with open(os.open(name, flags, 0o600, dir_fd=folder), "w") as file:
                if account.drop:
                    os.fchown(file.fileno(), account.uid, account.gid)
                file.write(text)
        finally:
            os.close(folder)

    # Servers that are still there

    def server_processes(self) -> list[int]:
        """Living processes of PostgreSQL that work in this cluster, by what they are, not by a
        number in a file: a number may by now be another program's, a zombie's or nobody's.
        """
        try:
            wanted = self.cluster.stat()
        except FileNotFoundError:
            return []
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and _is_server_in(entry, wanted)
        ]

    def recorded_server(self) -> str | None:
        """The process number in postmaster.pid, as the last server left it."""
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()[0].strip()
        except (FileNotFoundError, IndexError):
            return None

    def remove_stale_sockets(self, folder: Path) -> None:
        """Removes a dead server's socket and its lock; only for the holder of our lock."""
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (folder / name).unlink(missing_ok=True)

    # The socket

    def socket_folder(self, account: Account) -> Path:
        """Where the socket goes: in the cluster, or when that path is too long, in a new folder
        with a name that nobody can foresee, 0700, below the system's temporary folder.

        A comma would split the path in two for every client.
        """
        self._remove_separate_socket_folder()
        if _fits(self.cluster) and "," not in str(self.cluster):
            return self.cluster
        # TMPDIR may be long as well, or out of reach for the server's user.
        base = "/tmp" if Path("/tmp").is_dir() else tempfile.gettempdir()  # noqa: S108 mkdtemp is safe
        folder = Path(tempfile.mkdtemp(prefix="wijk-hub-", dir=base))
        _give(folder, account)
        self._note.write_text(str(folder))
        return folder

    def socket_in_use(self) -> Path:
        """Where the socket is of a server that runs in this folder."""
        try:
            return Path(self._note.read_text())
        except FileNotFoundError:
            return self.cluster

    def renew_socket_folder(self, folder: Path, account: Account) -> None:
        """Brings back the folder when something cleaned the temporary folder in the meantime.

        Raises DataFolderUnusable when somebody else took the name.
        """
        if not folder.exists():
            folder.mkdir(mode=0o700)
            _give(folder, account)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
            raise DataFolderUnusable(folder=folder, reason="not ours")

    def _remove_separate_socket_folder(self) -> None:
        with suppress(FileNotFoundError):
            folder = Path(self._note.read_text())
            self._note.unlink()
            # Only what a server leaves, and no folder with anything else in it.
            with suppress(OSError):
                self.remove_stale_sockets(folder)
                folder.rmdir()

    # The log

    def open_log(self) -> int:
        """A descriptor to append to the log; a log grown large becomes server.log.1 first, so that
        the two together stay small however often the server starts.
        """
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > LOG_LIMIT:
                self.log.rename(self.log.with_name("server.log.1"))
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


@contextmanager
def within_reach(folder: Path, account: Account) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A path of `folder` that the server's user can follow, and the descriptors to hand on for it.

    A user other than ours may not be able to walk to the folder, but an open one is as good.
    """
    if not account.drop:
        yield str(folder), ()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise NamelessUser(uid=65534)


def _give(path: Path, account: Account) -> None:
    if account.drop:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_LIMIT


def _is_server_in(process: Path, cluster: os.stat_result) -> bool:
    # Another user's process cannot be looked into, and is none of this cluster's; a zombie has
    # no folder any more.
    try:
        program = (process / "exe").readlink().name.removesuffix(" (deleted)")
        return program == "postgres" and os.path.samestat((process / "cwd").stat(), cluster)
    except OSError:
        return False
