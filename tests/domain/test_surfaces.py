"""Surfaces: which of them can mean the same file."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from signalbox.domain.leases import normal
from support import Agent

OVERLAPS = """
select coalesce(array_agg(surfaces_overlap_v1(a, b) order by n), '{}')
from unnest($1::text[], $2::text[]) with ordinality as pair (a, b, n)
"""
SAME = [
    ("src/**", "src/app.py"),
    ("src/**", "src"),
    ("src/**", "src/a/b/c.py"),
    ("src", "src/a.py"),
    ("src", "src/a/b.py"),
    ("src", "src/*.py"),
    ("*", "README.md"),
    ("*", "src"),
    ("**", "src/a/b.py"),
    ("**", "*"),
    ("**/x.py", "x.py"),
    ("**/x.py", "a/b/x.py"),
    ("**/x.py", "a/**"),
    ("src/**/x.py", "src/x.py"),
    ("src/**/x.py", "**/x.*"),
    ("src/*/x.py", "src/?/x.py"),
    ("src/*.py", "src/a*"),
    ("*.py", "a*"),
    ("a*c", "*b*"),
    ("a?c", "abc"),
    ("a?c", "a*"),
    ("[ab].py", "[ab].py"),
    ("[ab]*.py", "[ab]c.py"),
    ("{a,b}/*", "{a,b}/x"),
    ("caf\u00e9/*", "caf\u00e9/menu"),
    ("a/**/b", "a/b"),
    ("a/**/**", "a"),
]
APART = [
    ("src/**", "docs/app.py"),
    ("src/**", "src2/app.py"),
    ("src", "src2"),
    ("src", "srcs/a.py"),
    ("src/a.py", "src/b.py"),
    ("*", "src/a.py"),
    ("src/*", "src/a/b.py"),
    ("*.py", "a.md"),
    ("**/x.py", "a/y.py"),
    ("**/x.py", "a/xx.py"),
    ("src/*/x.py", "src/x.py"),
    ("src/**/x.py", "x.py"),
    ("a?c", "ac"),
    ("a?c", "a/c"),
    ("?", "ab"),
    ("[ab].py", "a.py"),
    ("[ab]*", "a*"),
    ("{a,b}/*", "a/x"),
    ("a+/*", "aa/x"),
    ("a.c/*", "abc/x"),
    ("a%/*", "ab/*"),
    ("a_/*", "ab/*"),
    ("A/*", "a/*"),
    ("/src/*", "src/*"),
    ("a**b", "a/b"),
]

NAMES = ["".join(letters) for length in (1, 2) for letters in product("ab", repeat=length)]
PATHS = [path for depth in (1, 2, 3, 4) for path in product(NAMES, repeat=depth)]
SEGMENT = st.text("ab*?", min_size=1, max_size=2)
GLOB = (
    st.lists(st.one_of(st.just("**"), SEGMENT), min_size=1, max_size=3)
    .map("/".join)
    .filter(lambda glob: re.search(r"[*?]", glob))
)
ANYTHING = st.text(st.sampled_from("ab.[]{}!\\%_*?/é"), min_size=1, max_size=12).map(normal)
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # the assertions name the pairs that are wrong: making examples small takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def overlaps(operator: asyncpg.Connection[Any], pairs: list[tuple[str, str]]) -> list[bool]:
    found: list[bool] = await operator.fetchval(OVERLAPS, [a for a, _ in pairs], [b for _, b in pairs])
    return found


def fits(glob: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether a path fits a glob, tried out name by name."""
    if not glob:
        return not path
    if glob[0] == "**":
        return any(fits(glob[1:], path[skipped:]) for skipped in range(len(path) + 1))
    name = re.compile(re.escape(glob[0]).replace(r"\*", ".*").replace(r"\?", "."))
    return bool(path) and name.fullmatch(path[0]) is not None and fits(glob[1:], path[1:])


@cache
def fitting(glob: str) -> frozenset[tuple[str, ...]]:
    """Every short path that fits: names of up to two letters, four deep, are enough for globs as short as these."""
    return frozenset(path for path in PATHS if fits(tuple(glob.split("/")), path))


@pytest.mark.parametrize(("left", "right"), SAME)
async def test_surfaces_that_can_mean_one_file_overlap(
    operator: asyncpg.Connection[Any], left: str, right: str
) -> None:
    assert await overlaps(operator, [(left, right), (right, left)]) == [True, True]


@pytest.mark.parametrize(("left", "right"), APART)
async def test_surfaces_that_cannot_are_apart(operator: asyncpg.Connection[Any], left: str, right: str) -> None:
    assert await overlaps(operator, [(left, right), (right, left)]) == [False, False]


@PROPERTY
@given(pairs=st.lists(st.tuples(GLOB, GLOB), min_size=20, max_size=60))
async def test_two_globs_overlap_when_some_path_fits_both(
    operator: asyncpg.Connection[Any], pairs: list[tuple[str, str]]
) -> None:
    judged = await overlaps(operator, pairs)
    turned = await overlaps(operator, [(right, left) for left, right in pairs])

    for pair, there, back in zip(pairs, judged, turned, strict=True):
        meets = bool(fitting(pair[0]) & fitting(pair[1]))
        assert (pair, there, back) == (pair, meets, meets)


@PROPERTY
@given(surfaces=st.lists(ANYTHING, min_size=10, max_size=30))
async def test_every_surface_overlaps_itself_and_what_overlaps_it(
    operator: asyncpg.Connection[Any], surfaces: list[str]
) -> None:
    pairs = list(zip(surfaces, reversed(surfaces), strict=True))
    there, back = await overlaps(operator, pairs), await overlaps(operator, [(b, a) for a, b in pairs])
    itself = await overlaps(operator, [(surface, surface) for surface in surfaces])

    assert [pair for pair, one, other in zip(pairs, there, back, strict=True) if one != other] == []
    assert [surface for surface, same in zip(surfaces, itself, strict=True) if not same] == []


async def test_no_two_surfaces_take_long_to_compare(operator: asyncpg.Connection[Any]) -> None:
    worst = [("a*" * 99 + "b", "*a" * 99 + "c"), ("**/" * 66 + "a", "*/**/" * 39 + "b"), ("?" * 200, "*" * 200)]

    assert await overlaps(operator, worst) == [False, False, True]


async def test_who_holds_finds_exactly_what_overlaps(agent: Agent, operator: asyncpg.Connection[Any]) -> None:
    surfaces = sorted({surface for pair in SAME + APART for surface in pair})
    for surface in surfaces:
        await agent.call("lease", surface=surface)

    for wanted in surfaces:
        found = {held["surface"] for held in (await agent.call("who_holds", surface=wanted))["leases"]}
        judged = await overlaps(operator, [(surface, wanted) for surface in surfaces])

        assert found == {surface for surface, same in zip(surfaces, judged, strict=True) if same}
