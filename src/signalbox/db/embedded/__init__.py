"""The launcher of the embedded PostgreSQL: a server of our own, for as long as this process lives.

    binaries    where `postgres` and `initdb` are, and whether the database's account may run them
    directory   the data directory: who owns what, who may reach it, where the socket lies
    locks       one Signalbox per data directory, one PostgreSQL per cluster
    processes   children that end with us, and how a leftover of a dead Signalbox is told and ended
    cluster     first start, version check, settings, who may log in
    launcher    all of it in order: start, stop, attach

A data directory holds `postgres/` (the cluster), `run/` (the socket), `postgres.log`, the access rules,
two lock files and, where they had to be copied, the binaries.

What it does not keep out: started by root, the cluster belongs to `nobody`, and whatever else runs as
`nobody` may read and signal what `nobody` owns. It cannot log in (peer authentication), but where other
services share that account, run Signalbox as an account of its own.
"""

from __future__ import annotations

from signalbox.db.embedded.binaries import find_binaries
from signalbox.db.embedded.directory import default_data_dir
from signalbox.db.embedded.launcher import EmbeddedPostgres, running_dsn, start

__all__ = ["EmbeddedPostgres", "default_data_dir", "find_binaries", "running_dsn", "start"]
