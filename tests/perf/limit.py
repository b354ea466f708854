"""The limit: pgbench running the same transactions without Signalbox around them."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signalbox.db import embedded
from signalbox.db.acts import as_json
from signalbox.db.pool import SERVER_SETTINGS
from signalbox.domain import events, inboxes
from signalbox.identity import Principal

CLIENTS_MAX = 64  # more would want more connections than the database has
POST_AND_ACK = "post+ack"  # pgbench cannot know which posts wait, so it acks what it has just posted


@dataclass(frozen=True)
class Limit:
    """pgbench on the database of a run, as one caller who posts to itself."""

    socket: Path
    who: Principal
    seconds: int

    def of(self, act: str, clients: int) -> float:
        """Measure how many a second PostgreSQL does of an act."""
        if act == "lease+release":
            return self._run({act: 1}, clients) * 2
        if act != "ack":
            return self._run({act: 1}, clients)
        pair, alone = self._run({POST_AND_ACK: 1}, clients), self._run({"post": 1}, clients)
        return 1 / (1 / pair - 1 / alone)

    def of_mix(self, mix: dict[str, int], clients: int) -> float:
        """Measure how many acts a second it does of a mix."""
        paired = mix["ack"]
        scripts = {
            **mix,
            POST_AND_ACK: paired,
            "post": mix["post"] - paired,
            "lease+release": mix["lease+release"] // 2,
        }
        del scripts["ack"]
        return self._run(scripts, clients) * sum(mix.values()) / sum(scripts.values())

    def _act(self, tool: str, **given: Any) -> str:
        fields = {"tool": tool, "participation_id": self.who.participation_id, "token_hash": self.who.token_hash}
        act = as_json(fields | {"given": given}).replace("'", "''")
        return f"select * from perform_acts_v1({self.who.project_id}, '[{act}]')"

    def _read(self, statement: Any, **values: Any) -> str:
        """Write a read with its values, and the authentication it begins with."""

        def literal(match: re.Match[str]) -> str:
            value = values[statement.parameters[int(match[1]) - 1]]
            return "null" if value is None else str(value).lower()

        return f"{self._authentication};\n" + re.sub(r"\$(\d+)", literal, statement.text)

    @property
    def _authentication(self) -> str:
        token = self.who.token_hash or b""
        return f"select * from authenticate_v3('\\x{token.hex()}', null)"

    @property
    def _scripts(self) -> dict[str, str]:
        me = {"project_id": self.who.project_id, "participation_id": self.who.participation_id}
        post = self._act("post", to_actor=self.who.actor, subject="s", body="a handoff of ordinary length", ref="PR-1")
        ack = self._act("ack", post_ids=["THIS"], outcome="done")
        ack = re.sub(r"('\[.*\]')", r"replace(\1, 'THIS', :post_id::text)::jsonb", ack)
        lease = self._act("lease", surface="src/bench.py", ttl_seconds=600)
        page = {"after": None, "redeliver": False, "advance": True, "limit": 20, "session": "''"}
        whats_new = self._read(events.sql.whats_new, **me, **page)
        return {
            "claim": self._act("claim", sequence="bench"),
            "post": post,
            POST_AND_ACK: f"{post.replace('*', 'answer ->> $$post_id$$ as post_id', 1)} \\gset\n{ack}",
            "lease+release": f"{lease};\n{self._act('release', surface='src/bench.py')}",
            "task_create": self._act("task_create", title="a task"),
            "whoami": self._authentication,
            "read_posts": self._read(inboxes.sql.inbox, **me, before=2**53 - 1, limit=20),
            "whats_new": whats_new,
        }

    def _run(self, weights: dict[str, int], clients: int) -> float:
        """Run scripts by weight, with at most `CLIENTS_MAX` clients; answers how many a second."""
        settings = {**SERVER_SETTINGS, "role": "signalbox_app"}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        words = ["-n", "-M", "prepared", "-c", str(min(clients, CLIENTS_MAX)), "-j", "1", "-T", str(self.seconds)]
        with tempfile.TemporaryDirectory() as directory:
            for name, weight in weights.items():
                file = Path(directory, f"{name}.sql")
                file.write_text(self._scripts[name] + ";\n")
                words += ["-f", f"{file}@{weight}"]
            done = subprocess.run(
                [
                    embedded.find_binaries(os.environ) / "pgbench",
                    *words,
                    "-h",
                    self.socket,
                    "-U",
                    "signalbox",
                    "signalbox",
                ],
                env=os.environ | {"PGOPTIONS": options},
                capture_output=True,
                text=True,
                check=True,
            )
        line = next(line for line in done.stdout.splitlines() if line.startswith("tps"))
        return float(line.split()[2])
