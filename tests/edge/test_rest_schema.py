"""The OpenAPI document put to the test: schemathesis makes requests of it and judges every answer by it."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from anyio import to_thread
from hypothesis import given
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from edge.wire import assert_leaks_nothing, is_whole
from signalbox.catalog import CATALOG
from signalbox.edge.rest import openapi
from signalbox.errors import InvalidArguments
from support import Agent, ServerProcess

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    positive_data_acceptance,
]

EVENTS = "/api/events"


@pytest.fixture(scope="module")
def document() -> Any:
    return schemathesis.openapi.from_dict(openapi("http://127.0.0.1:8787"))


@pytest.fixture
async def waited_on(lead: Agent, agent: Agent) -> Agent:
    """A lead who has a post: what waits for one has not to wait."""
    await agent.call("post", to_actor=lead.actor, body="Look.")
    return lead


def test_the_document_is_valid_openapi(document: Any) -> None:
    document.validate()


def test_a_tool_that_refuses_no_arguments_requires_a_body() -> None:
    for tool in CATALOG:
        operation = openapi("http://127.0.0.1:8787")["paths"][f"/api/tools/{tool.name}"]["post"]
        if operation["requestBody"]["required"]:
            with pytest.raises(InvalidArguments):
                tool.parse({})
        else:
            tool.parse({})


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("tool", [EVENTS, *sorted(CATALOG.tools)])
async def test_every_answer_is_one_the_document_knows(
    document: Any, server: ServerProcess, waited_on: Agent, tool: str, mode: GenerationMode
) -> None:
    operation = document[EVENTS]["GET"] if tool == EVENTS else document[f"/api/tools/{tool}"]["POST"]
    locked: list[bool] = []

    with requests.Session() as session:
        session.trust_env = False

        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Any) -> None:
            waits = CATALOG.get(tool).waits if tool != EVENTS else None
            if waits is not None and isinstance(case.body, dict) and is_whole(case.body.get(waits, 0)):
                case.body[waits] = min(case.body.get(waits, 0), 0)  # nobody waits for what does not come
            answer = case.call(base_url=server.url, session=session, headers=waited_on.headers, timeout=20)
            checks = CHECKS if locked else [*CHECKS, ignored_auth]  # it asks twice more: once for a tool is enough
            try:
                case.validate_response(answer, checks=checks, headers=waited_on.headers)
            except FailureGroup as failures:  # not an Exception: it would end the event loop of the run
                raise AssertionError(str(failures)) from None
            if answer.status_code >= 400:
                assert_leaks_nothing(answer.text)
            else:
                locked.append(True)

        await to_thread.run_sync(holds)
