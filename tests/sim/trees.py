"""Worktrees of the simulation, and what stands in them."""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ("README.md", "SELFHOSTING.md", "docs/CHANGELOG.md", "docs/architecture.md", "src/signalbox/errors.py")
NUMBERED = {"adr": "docs/decisions/{number:04d}-{name}.md", "migration": "migrations/versions/{number:04d}_{name}.py"}
ATTEMPTS_MAX = 200


class RefusedByHookError(Exception):
    """Git's hook said no."""


class Tree:
    """A worktree of one agent."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def git(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        named = ("-c", "user.name=agent", "-c", "user.email=agent@example.invalid", "-c", "core.editor=true")
        return subprocess.run(
            ["git", *named, *arguments], cwd=self.top, capture_output=True, text=True, check=check, timeout=120
        )

    def fetch(self) -> None:
        """Learn what main is now; worktrees of one clone may be in each other's way for a moment."""
        for _ in range(ATTEMPTS_MAX):
            if not self.git("fetch", "-q", "origin", "main", check=False).returncode:
                return
            time.sleep(0.02)
        raise AssertionError("nothing could be fetched")

    def renew(self) -> None:
        """Begin at what main is now."""
        self.fetch()
        self.git("reset", "-q", "--hard", "origin/main")
        self.git("clean", "-qfd")

    def has(self, name: str) -> bool:
        """Whether main, as it was fetched last, has a piece."""
        return self.git("grep", "-q", f"{name}\\b", "--", *SHARED, "docs", "migrations", check=False).returncode == 0

    def publish(self, message: str) -> bool:
        """Commit and bring it to main; False when it does not fit what main has become."""
        self.git("add", "-A")
        committed = self.git("commit", "-q", "-m", message, check=False)
        if committed.returncode:
            raise RefusedByHookError(committed.stderr)
        for _ in range(ATTEMPTS_MAX):
            self.fetch()
            if self.git("rebase", "-q", "origin/main", check=False).returncode:
                self.git("rebase", "--abort")
                return False
            if not self.git("push", "-q", "origin", "HEAD:main", check=False).returncode:
                return True
        raise AssertionError("main never stood still")

    def next_number(self, kind: str) -> int:
        """Look at the files for the next number."""
        folder = self.top / Path(NUMBERED[kind]).parent
        return max(int(found.group()) for path in folder.iterdir() if (found := re.match(r"\d+", path.name))) + 1


def repository(place: Path, agents: list[str]) -> list[Tree]:
    """Clone this repository, and give each agent a worktree."""
    origin, clone = place / "origin.git", place / "clone"
    subprocess.run(["git", "clone", "-q", "--bare", str(ROOT), str(origin)], check=True)
    subprocess.run(["git", "-C", str(origin), "branch", "-f", "main", "HEAD"], check=True)
    subprocess.run(["git", "clone", "-q", "-b", "main", str(origin), str(clone)], check=True)
    for name in agents:
        subprocess.run(
            ["git", "-C", str(clone), "worktree", "add", "-q", "-b", name, str(place / name), "origin/main"], check=True
        )
    return [Tree(place / name) for name in agents]


def duplicates(tree: Tree) -> int:
    """Count the numbers that more than one file of main has."""
    tree.renew()
    twice = 0
    for pattern in NUMBERED.values():
        folder = tree.top / Path(pattern).parent
        numbers = Counter(found.group() for path in folder.iterdir() if (found := re.match(r"\d+", path.name)))
        twice += sum(count - 1 for count in numbers.values() if count > 1)
    return twice
