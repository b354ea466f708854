"""The cluster: made on first start, checked on every start, and who may log in to it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from signalbox.db.embedded.directory import DATABASE, PORT, Account, Layout
from signalbox.db.embedded.processes import Programs, tail
from signalbox.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

ROLE = "signalbox"
STAGING = "initdb-"
BUILTIN_LOCALE_MAJOR = 17
IO_WORKERS_MAJOR = 18

NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")

TUNING = """
# Signalbox's choices. Yours go below, or into ALTER SYSTEM; addresses, socket and access rules are given
# on the command line.
max_connections = 100
shared_buffers = '128MB'
random_page_cost = 1.1
jit = off
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = log      # a refused statement is an answer, not an event, and its values are private
log_checkpoints = off
max_logical_replication_workers = 0
"""


def ensure(layout: Layout, programs: Programs, major: int, progress: Callable[[str], None], *, durable: bool) -> None:
    """Make the cluster on first start; refuse one that these binaries cannot run.

    It is made beside its place and moved there when it is whole, so an interrupted first start leaves
    nothing that looks like a cluster.
    """
    version = layout.cluster / "PG_VERSION"
    if version.exists():
        _refuse_foreign(layout, version.read_text().strip(), programs.directory, major)
        return
    if layout.cluster.exists() and any(layout.cluster.iterdir()):
        raise SetupError(
            f"{layout.cluster} holds files but no PostgreSQL data (no PG_VERSION). Move it away, or give "
            "another --data-dir."
        )
    progress(f"First start: making the database in {layout.root} (a few seconds)")
    for old in layout.root.glob(f"{STAGING}*"):
        shutil.rmtree(old)
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=layout.root))
    os.chown(staging, programs.account.uid, programs.account.gid)
    _make(staging, programs, major, durable=durable)
    staging.rename(layout.cluster)
    _sync(layout.root)


def server_arguments(layout: Layout, socket_directory: Path, *, durable: bool) -> list[str]:
    """What `postgres` is told on its command line: where it listens and who may log in."""
    quoted = str(socket_directory).replace('"', '""')
    settings = (
        "listen_addresses=",
        f"port={PORT}",
        f'unix_socket_directories="{quoted}"',
        "unix_socket_permissions=0700",
        f"hba_file={layout.root / 'pg_hba.conf'}",
        f"ident_file={layout.root / 'pg_ident.conf'}",
        "log_destination=stderr",
        "logging_collector=off",
        *(() if durable else NOT_DURABLE),
    )
    return ["-D", str(layout.cluster), *(word for setting in settings for word in ("-c", setting))]


def write_access_rules(layout: Layout) -> None:
    """Let in the account that runs Signalbox, known by its socket's peer, as the role; nobody else."""
    name = Account.ours().name.replace('"', '""')
    _write(
        layout.root / "pg_hba.conf",
        f"local all {ROLE} peer map=signalbox\nlocal replication {ROLE} peer map=signalbox\n",
    )
    _write(layout.root / "pg_ident.conf", f'signalbox "{name}" {ROLE}\n')


def _refuse_foreign(layout: Layout, version: str, binaries: Path, major: int) -> None:
    if version != str(major):
        raise SetupError(
            f"The data in {layout.cluster} is of PostgreSQL {version}, but the binaries in {binaries} are "
            f"PostgreSQL {major}. Set SIGNALBOX_PG_BIN to the bin directory of a PostgreSQL {version}, or "
            f"convert the data with pg_upgrade, or give another --data-dir."
        )


def _make(staging: Path, programs: Programs, major: int, *, durable: bool) -> None:
    locale = ["--lc-collate=C", "--lc-ctype=C.UTF-8"]
    if major >= BUILTIN_LOCALE_MAJOR:
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    programs.run(
        "initdb",
        *("-D", str(staging), "-U", ROLE, "--encoding=UTF8", "--auth-local=peer", "--auth-host=reject"),
        *locale,
        *(() if durable else ("--no-sync",)),
    )
    configuration = staging / "postgresql.conf"
    with configuration.open("a") as file:
        file.write(TUNING + ("io_workers = 1\n" if major >= IO_WORKERS_MAJOR else ""))
    _sync(configuration)
    _create_database(staging, programs, durable=durable)


def _create_database(staging: Path, programs: Programs, *, durable: bool) -> None:
    """In single-user mode, which needs neither createdb nor a login; its exit code says nothing of SQL."""
    flags = [word for setting in (() if durable else NOT_DURABLE) for word in ("-c", setting)]
    statements = f"create database {DATABASE};\nselect datname from pg_database;\n"
    output = programs.run("postgres", "--single", "-D", str(staging), *flags, "template1", text=statements)
    if f'datname = "{DATABASE}"' not in output:
        raise SetupError(f"PostgreSQL did not make the database {DATABASE}: {tail(output)}")


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o644)


def _sync(path: Path) -> None:
    """Make what a file holds, or a rename in a directory, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
