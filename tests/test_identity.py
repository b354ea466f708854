"""Secrets: tokens and codes, and what is turned away before the database hears of it."""

from __future__ import annotations

import hashlib
import string

import pytest

from signalbox.config import Settings
from signalbox.db.pool import Database
from signalbox.errors import Unauthenticated
from signalbox.identity import code_hash, mint_code, mint_token, token_hash
from support import Agent

LETTERS = string.digits + string.ascii_letters


def test_a_token_comes_back_as_its_hash() -> None:
    secret, kept = mint_token()

    assert token_hash(secret) == kept == hashlib.sha256(secret.encode()).digest()


def test_a_token_looks_like_one_and_no_two_are_alike() -> None:
    secrets = [mint_token()[0] for _ in range(200)]

    assert len(set(secrets)) == 200
    assert {(secret[:4], len(secret)) for secret in secrets} == {("sbx_", 40)}
    assert {letter for secret in secrets for letter in secret[4:34]} == set(LETTERS)


def test_one_changed_character_is_noticed_wherever_it_is() -> None:
    secret, _ = mint_token()

    for place, was in enumerate(secret):
        for letter in LETTERS.replace(was, "") + "_-":
            if letter != was:
                with pytest.raises(Unauthenticated, match="not a Signalbox token"):
                    token_hash(secret[:place] + letter + secret[place + 1 :])


def test_two_swapped_characters_are_noticed() -> None:
    secret, _ = mint_token()

    for place in range(4, 39):
        one, two = secret[place], secret[place + 1]
        if one != two:
            with pytest.raises(Unauthenticated):
                token_hash(secret[:place] + two + one + secret[place + 2 :])


@pytest.mark.parametrize("spoil", ["{}\n", " {}", "{}0", "{:.39}", "\x00{}", "{}\ud800", "", "sbx_", "{}" * 1000])
def test_what_is_not_a_token_is_no_token(spoil: str) -> None:
    secret, _ = mint_token()

    with pytest.raises(Unauthenticated, match="not a Signalbox token"):
        token_hash(spoil.format(*[secret] * 1000))


def test_digits_of_other_scripts_are_none() -> None:
    secret, _ = mint_token()

    with pytest.raises(Unauthenticated):
        token_hash("sbx_" + "\u0661" * 30 + secret[34:])


def test_a_refusal_does_not_repeat_the_secret() -> None:
    secret, _ = mint_token()

    with pytest.raises(Unauthenticated) as refused:
        token_hash(secret[:-1] + "_")
    assert secret[4:20] not in str(refused.value.as_json())


async def test_a_token_with_a_slip_is_refused_without_the_database(settings: Settings) -> None:
    never_opened = Database(settings)
    secret, _ = mint_token()
    slip = "A" if secret[10] != "A" else "B"

    with pytest.raises(Unauthenticated, match="not a Signalbox token"):
        await Agent(never_opened, secret[:10] + slip + secret[11:], "").call("whoami")
    with pytest.raises(RuntimeError, match="not open"):
        await Agent(never_opened, secret, "").call("whoami")


async def test_a_token_nobody_was_given_is_refused(database: Database) -> None:
    secret, _ = mint_token()

    with pytest.raises(Unauthenticated, match="not known"):
        await Agent(database, secret, "").call("whoami")


def test_a_code_comes_back_as_its_hash() -> None:
    code, kept = mint_code()

    assert code_hash(code) == kept == hashlib.sha256(code.encode()).digest()
    assert len(code) == 24


@pytest.mark.parametrize("code", ["", "x" * 23, "x" * 25, "x" * 23 + "\n", "é" * 24, "x" * 23 + "_"])
def test_what_is_not_a_code_has_no_hash(code: str) -> None:
    assert code_hash(code) is None
