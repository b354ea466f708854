"""What is to be connected: the repository around, the files of each client, and where it is written down."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from signalbox.clients import fittings
from signalbox.clients.edits import CannotConnectError, Edit, Journal, read, text_of
from signalbox.clients.known import CLIENTS, Target
from signalbox.clients.texts import HASH

PACKAGE = Path(__file__).parent.parent
CHECKOUT = PACKAGE.parent.parent / "kit"
KIT = CHECKOUT if CHECKOUT.is_dir() else PACKAGE / "_share" / "kit"


def git_answer(folder: Path, *arguments: str) -> str | None:
    """Ask git something about a folder; None when it says no, or is not there."""
    try:
        done = subprocess.run(  # noqa: S603 - arguments of ours, and no shell
            ["git", *arguments],  # noqa: S607 - git is whatever PATH has
            cwd=folder,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return os.fsdecode(done.stdout).rstrip("\n") if done.returncode == 0 else None


@dataclass(frozen=True)
class Repository:
    """The repository that is worked in."""

    top: Path
    folder: Path
    """Git's own folder for this working tree: never tracked."""
    pre_commit: Path
    exclude: Path

    @classmethod
    def around(cls, folder: Path) -> Repository | None:
        """Find it."""
        top = git_answer(folder, "rev-parse", "--show-toplevel")
        if not top:
            return None
        answers = [
            git_answer(folder, "rev-parse", "--absolute-git-dir"),
            git_answer(folder, "rev-parse", "--git-path", "hooks/pre-commit"),
            git_answer(folder, "rev-parse", "--git-path", "info/exclude"),
        ]
        own, pre_commit, exclude = (folder / (answer or "") for answer in answers)
        return cls(Path(top), own, pre_commit, exclude)

    def ignores(self, path: Path) -> bool:
        """Whether git leaves a file alone."""
        return git_answer(self.top, "check-ignore", "-q", "--", str(path)) is not None


@dataclass(frozen=True)
class Wish:
    """What is to be connected, and what beside."""

    target: Target
    clients: tuple[str, ...]
    repository: Repository | None
    hook_sources: dict[str, str]
    """The kit's hooks, by file name."""
    block: str
    """The instruction block."""
    with_hooks: bool = True
    with_instructions: bool = True
    with_servers: bool = True

    def edits(self) -> list[Edit]:
        """List every file that is written."""
        edits: list[Edit] = []
        for name in self.clients:
            edits += CLIENTS[name].edits(self.target) if self.with_servers else []
            edits += fittings.hooks_of(name, self.target) if self.with_hooks else []
        if self.with_hooks:
            edits += [_file(self.target.hooks / name, text) for name, text in self.hook_sources.items()]
        if self.repository is not None:
            edits += self._in_repository(self.repository)
        return edits + self._hidden(edits)

    def _in_repository(self, repository: Repository) -> list[Edit]:
        edits = []
        if self.with_hooks:
            edits.append(fittings.config_edit(repository.top / ".signalbox.json", self.target.url))
            edits.append(fittings.git_hook_edit(self.target, repository.pre_commit))
        if self.with_hooks and self.target.token:
            edits.append(fittings.token_edit(repository.folder / "signalbox" / "token", self.target.token))
        if self.with_instructions:
            files = dict.fromkeys(CLIENTS[name].instructions for name in self.clients)
            edits += [fittings.instructions_edit(repository.top / file, self.block) for file in files]
        return edits

    def _hidden(self, edits: list[Edit]) -> list[Edit]:
        """Keep files that hold a token out of git: by its own list of this checkout, which is not tracked."""
        if self.repository is None:
            return []
        top, own = self.repository.top, self.repository.folder
        inside = [
            edit.path for edit in edits if edit.secret and top in edit.path.parents and own not in edit.path.parents
        ]
        names = sorted({f"/{path.relative_to(top).as_posix()}" for path in inside if not self._ignored(path)})
        if not names:
            return []
        part = "\n".join(names)
        return [Edit(self.repository.exclude, lambda text: HASH.put(text, part), HASH.drop, what="ignored files")]

    def _ignored(self, path: Path) -> bool:
        assert self.repository is not None, "it was looked at"
        return self.repository.ignores(path) and not HASH.has(
            text_of(self.repository.exclude, read(self.repository.exclude))
        )

    def journal(self) -> Journal:
        """Find what was done before in this scope."""
        name = "connected.json" if self.with_servers else "kit.json"
        if self.target.is_user or self.repository is None:
            state = os.environ.get("XDG_STATE_HOME")
            folder = Path(state) if state else self.target.home / ".local" / "state"
        else:
            folder = self.repository.folder
        return Journal.load(folder / "signalbox" / name)


def _file(path: Path, text: str) -> Edit:
    return Edit(path, lambda _there: text, lambda _there: "", executable=True, what="a hook")


def wish_for(
    url: str,
    token: str,
    scope: str,
    clients: tuple[str, ...],
    *,
    hooks: bool = True,
    instructions: bool = True,
    servers: bool = True,
    takes_place: bool = False,
    lead: bool = False,
) -> Wish:
    """Say what is to be connected, for the folder that this runs in.

    Raises:
        CannotConnectError: the scope is a project, and this is none.
    """
    repository = Repository.around(Path.cwd())
    if scope == "project" and repository is None:
        raise CannotConnectError("this folder is in no git repository: go into one, or use --scope user")
    folder = Path.home() / ".local" / "share" / "signalbox" / "hooks"
    if scope == "project" and repository is not None:
        folder = repository.top / ".signalbox" / "hooks"
    target = Target(Path.home(), repository.top if repository else None, url, token, scope, folder, takes_place)
    sources = {name: (KIT / "hooks" / name).read_text(encoding="utf-8") for name in fittings.HOOK_FILES}
    block = (KIT / f"AGENTS.{'lead' if lead else 'block'}.md").read_text(encoding="utf-8")
    return Wish(target, clients, repository, sources, block, hooks, instructions, servers)
