"""Sixteen agents do three hundred pieces of work in sixteen worktrees, without Signalbox and with it.

    .venv/bin/python tests/sim/simulate.py [--agents 16] [--pieces 300] [--seed 1]

The repository is a clone of this one. A piece of work is a decision record or a migration (each needs a number), or a
change of a file that everybody changes. Agents take work up, do it in a worktree of their own, commit, rebase on main,
push; a conflict is counted, and the piece done again. After every third piece an agent hands something to another one.

Without Signalbox an agent takes any piece that main does not have yet, numbers by looking at the files, edits at once,
and hands over by a file of the recipient's in the repository, which that one reads before each piece, and at the end.
With it, work is tasks, numbers are claimed, files are leased, handoffs are posts; the kit's hooks run as git and an
editor run them.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from signalbox import paths
from sim.bus import Bus, bus_for
from sim.trees import ATTEMPTS_MAX, NUMBERED, SHARED, Tree, duplicates, repository

THINKING_SECONDS = (0.02, 0.12)
STOP_SECONDS_MAX = 900
write = sys.stdout.write


@dataclass(frozen=True)
class Piece:
    """One piece of work."""

    number: int
    kind: str
    """`adr`, `migration`, or the path of a shared file."""

    @property
    def name(self) -> str:
        return f"piece-{self.number}"


@dataclass
class Tally:
    """What went wrong, and how long handoffs took."""

    conflicts: int = 0
    handed: dict[str, float] = field(default_factory=dict)
    acked: dict[str, float] = field(default_factory=dict)
    done: Counter[int] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Agent(threading.Thread):
    """One scripted agent."""

    def __init__(  # noqa: PLR0917 - what an agent has
        self,
        number: int,
        names: list[str],
        tree: Tree,
        pieces: list[Piece],
        tally: Tally,
        bus: Bus | None,
        seed: int,
    ) -> None:
        super().__init__(name=names[number], daemon=True)
        self.names = names
        self.tree = tree
        self.pieces = pieces
        self.tally = tally
        self.bus = bus
        self.chance = random.Random(seed * 1000 + number)
        self.failure: Exception | None = None
        self._finished = 0

    def run(self) -> None:
        try:
            while (piece := self._take()) is not None:
                self._read_handoffs()
                self._think()
                number = self._do(piece)
                self._finished += 1
                if self._finished % 3 == 0:
                    self._hand_over(piece)
                if self.bus is not None:
                    self.bus.ship(piece.kind if number is not None else None, number)
            if self.bus is not None:
                self.bus.answer_to_the_end(self._noted_ack)
        except Exception as error:  # noqa: BLE001 - the main thread tells it
            self.failure = error

    def look_once_more(self) -> None:
        """Read what was handed over in files after the last piece: what counts as lost is nowhere."""
        self.tree.renew()
        self._read_handoffs()

    def _think(self) -> None:
        time.sleep(self.chance.uniform(*THINKING_SECONDS))

    def _take(self) -> Piece | None:
        if self.bus is not None:
            number = self.bus.next_task()
            return None if number is None else self.pieces[number]
        self.tree.renew()
        left = [piece for piece in self.pieces if not self.tree.has(piece.name)]
        return self.chance.choice(left) if left else None

    def _do(self, piece: Piece) -> int | None:
        """Do it until it is on main; answers the number that was claimed for it."""
        number = self.bus.claim(piece.kind, piece.name) if self.bus is not None and piece.kind in NUMBERED else None
        for _ in range(ATTEMPTS_MAX):
            if self._attempt(piece, number):
                break
            with self.tally.lock:
                self.tally.conflicts += 1
        with self.tally.lock:
            self.tally.done[piece.number] += 1
        return number

    def _attempt(self, piece: Piece, number: int | None) -> bool:
        if piece.kind in NUMBERED:
            self.tree.renew()
            used = number if number is not None else self.tree.next_number(piece.kind)
            self._think()
            path = self.tree.top / NUMBERED[piece.kind].format(number=used, name=piece.name)
            path.write_text(f"# {piece.name}\n")
            return self.tree.publish(piece.name)
        if self.bus is not None:
            self.bus.lease(piece.kind)
        try:
            self.tree.renew()
            self._edit(piece)
            return self.tree.publish(piece.name)
        finally:
            if self.bus is not None:
                self.bus.release(piece.kind)

    def _edit(self, piece: Piece) -> None:
        """Put a line where everybody puts theirs."""
        path = self.tree.top / piece.kind
        if self.bus is not None:
            self.bus.guard(self.tree.top, path)
        lines = path.read_text().splitlines(keepends=True)
        self._think()
        path.write_text("".join([*lines[:10], f"# {piece.name}\n", *lines[10:]]))

    def _hand_over(self, piece: Piece) -> None:
        to = self.chance.choice([name for name in self.names if name != self.name])
        key = f"{self.name}-{piece.number}"
        if self.bus is not None:
            key = self.bus.post(to, key)
        else:
            self.tree.renew()
            inbox = self.tree.top / "handoffs" / f"{to}.md"
            for _ in range(ATTEMPTS_MAX):
                inbox.parent.mkdir(exist_ok=True)
                before = inbox.read_text() if inbox.exists() else ""
                inbox.write_text(f"{before}{key}\n")
                if self.tree.publish(f"handoff {key}"):
                    break
                self.tree.renew()
        with self.tally.lock:
            self.tally.handed[key] = time.monotonic()

    def _read_handoffs(self) -> None:
        if self.bus is not None:
            self.bus.answer(self._noted_ack)
            return
        inbox = self.tree.top / "handoffs" / f"{self.name}.md"
        for key in inbox.read_text().split() if inbox.exists() else ():
            self._noted_ack(key)

    def _noted_ack(self, key: str) -> None:
        with self.tally.lock:
            self.tally.acked.setdefault(key, time.monotonic())


def simulate(agents: int, pieces: int, seed: int, *, with_bus: bool) -> dict[str, float]:
    """Run once; answers the figures."""
    names = [f"agent-{number}" for number in range(agents)]
    kinds = [*NUMBERED, *SHARED]
    work = [Piece(number, kinds[number % len(kinds)]) for number in range(pieces)]
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="signalbox-sim.") as folder:
        place = Path(folder)
        trees = repository(place, names)
        before = duplicates(trees[0])
        with bus_for(place, names, work, trees) if with_bus else no_bus(names) as buses:
            begun = time.monotonic()
            team = [Agent(number, names, trees[number], work, tally, buses[number], seed) for number in range(agents)]
            for agent in team:
                agent.start()
            while any(agent.is_alive() for agent in team):
                team[0].join(0.2)
                for agent in team:
                    if agent.failure is not None:
                        raise agent.failure
                assert time.monotonic() - begun < STOP_SECONDS_MAX, "they have not finished"
            seconds = time.monotonic() - begun
            if not with_bus:
                for agent in team:
                    agent.look_once_more()
        took = [tally.acked[key] - at for key, at in tally.handed.items() if key in tally.acked]
        return {
            "pieces done": len(tally.done),
            "duplicate numbers": duplicates(trees[0]) - before,
            "merge conflicts": tally.conflicts,
            "pieces done twice": sum(count - 1 for count in tally.done.values()),
            "handoffs": len(tally.handed),
            "lost handoffs": len(tally.handed) - len(took),
            "seconds to ack, median": statistics.median(took) if took else float("nan"),
            "seconds in all": seconds,
        }


class no_bus:  # noqa: N801 - it stands where bus_for does
    """Nobody to ask."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def __enter__(self) -> list[None]:
        return [None] * len(self._names)

    def __exit__(self, *_failure: object) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=16)
    parser.add_argument("--pieces", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    assert paths.KIT.is_dir()
    assert shutil.which("git"), "git is needed"
    columns = [simulate(given.agents, given.pieces, given.seed, with_bus=with_bus) for with_bus in (False, True)]
    write(f"| {given.agents} agents, {given.pieces} pieces of work | without | with Signalbox |\n|---|---|---|\n")
    for name in columns[0]:
        write("| {} | {:.4g} | {:.4g} |\n".format(name, *(column[name] for column in columns)))
    write(json.dumps({"without": columns[0], "with": columns[1]}) + "\n")


if __name__ == "__main__":
    main()
