"""A machine of an agent: a home folder, a folder that is worked in, and the command line in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Machine:
    """A home folder, a folder that is worked in, and the command line in it."""

    def __init__(self, run: Callable[..., Any], folder: Path, url: str, token: str) -> None:
        self.home = folder / "ho me"
        self.home.mkdir()
        self.top = folder / "re po"
        self.top.mkdir()
        self.token = token
        self._run = run
        self._place = {"HOME": str(self.home), "SIGNALBOX_URL": url, "SIGNALBOX_TOKEN": token}

    def git(self, *arguments: str) -> None:
        named = ("-c", "user.name=n", "-c", "user.email=e@e")
        subprocess.run(["git", *named, *arguments], cwd=self.top, check=True, capture_output=True, timeout=30)

    def __call__(self, *arguments: str, cwd: Path | None = None, **environment: str) -> str:
        done = self.attempt(*arguments, cwd=cwd, **environment)
        assert done.returncode == 0, done.stderr
        said: str = done.stdout
        return said

    def attempt(self, *arguments: str, cwd: Path | None = None, **environment: str) -> Any:
        return self._run(*arguments, cwd=cwd or self.home, **(self._place | environment))
