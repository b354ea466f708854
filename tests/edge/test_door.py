"""The outermost layer: which hosts and origins may call, what every answer carries, what is logged."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from edge.wire import LEGACY, MODERN, ask, assert_leaks_nothing, call_rest, era_headers, serving_here
from signalbox.app import create_app
from signalbox.config import Settings
from support import Agent

LINE = "signalbox.requests"
SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
PATHS = ("/", "/style.css", "/healthz", "/readyz", "/api/openapi.json", "/api/tools/whoami", "/mcp", "/join", "/nope")


@pytest.fixture(scope="module")
async def named(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A server behind a name, with one more host and one more origin."""
    behind = settings.model_copy(
        update={
            "public_url": "https://bus.example.org",
            "allowed_hosts": ("Inner.example.org", "[fd00::1]:9000", ":8787"),
            "allowed_origins": ("https://app.example.net",),
        }
    )
    async with serving_here(behind) as client:
        yield client


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == LINE]


@pytest.mark.parametrize(
    "host",
    [
        "bus.example.org",
        "BUS.example.org:443",
        "inner.example.org",
        "inner.example.org:1",
        "[fd00::1]",
        "[fd00::1]:9000",
        "localhost:5",
        "127.0.0.1",
        "[::1]:8787",
    ],
)
async def test_a_host_of_ours_is_served_on_any_port(named: httpx2.AsyncClient, host: str) -> None:
    assert (await named.get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example.org",
        "bus.example.org.evil.net",
        "evil.net:bus.example.org",
        "bus.example.org@evil.net",
        "[fd00::2]",
        "[::1",
        "127.0.0.2",
        "bus.example.org.",
        "localhost evil.net",
    ],
)
@pytest.mark.parametrize("path", ["/", "/mcp", "/api/tools/whoami", "/join", "/nope"])
async def test_a_host_of_others_is_misdirected(named: httpx2.AsyncClient, host: str, path: str) -> None:
    answer = await named.post(path, headers={"Host": host})

    assert (answer.status_code, answer.json()["error"]["code"]) == (421, "unknown_host")
    assert "SIGNALBOX_ALLOWED_HOSTS" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_probe_may_come_by_any_name(named: httpx2.AsyncClient, path: str) -> None:
    answer = await named.get(path, headers={"Host": "10.0.0.7:8787", "Origin": "https://evil.example.org"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["https://bus.example.org", "https://app.example.net", "http://localhost:3000", "http://127.0.0.1:8787"],
)
async def test_an_own_or_allowed_origin_may_call(named: httpx2.AsyncClient, agent: Agent, origin: str) -> None:
    answer = await named.post("/api/tools/whoami", headers={"Origin": origin, **agent.headers})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example.org",
        "https://app.example.net.evil.org",
        "https://bus.example.org@evil.org",
        "http://app.example.net",
        "file://",
        "https://",
        "https://[::1",
        "chrome-extension://abcdef",
    ],
)
@pytest.mark.parametrize("path", ["/mcp", "/api/tools/whoami", "/join"])
async def test_a_page_of_others_may_not_call(named: httpx2.AsyncClient, agent: Agent, origin: str, path: str) -> None:
    answer = await named.post(path, headers={"Origin": origin, **agent.headers})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_origin")
    assert "access-control-allow-origin" not in answer.headers
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_carries_the_security_headers_and_an_id(web: httpx2.AsyncClient, path: str) -> None:
    first, second = await web.get(path), await web.get(path)

    for answer in (first, second):
        assert {name: answer.headers[name] for name in SECURITY} == SECURITY
        assert len(answer.headers["x-request-id"]) == 16
        assert "server" not in answer.headers
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_a_callers_request_id_is_not_taken_over(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/", headers={"X-Request-Id": "mine"})

    assert answer.headers["x-request-id"] != "mine"


@pytest.mark.parametrize("way", ["rest", "mcp"])
async def test_a_request_is_one_line_without_token_or_body(
    web: httpx2.AsyncClient, agent: Agent, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    arguments = {"to_lane": "backend", "body": "the-body-is-private", "subject": "the-subject-too"}
    with caplog.at_level(logging.DEBUG):
        if way == "rest":
            answer = await call_rest(web, agent.token, "post", arguments)
        else:
            answer = await ask(web, agent.token, "tools/call", {"name": "post", "arguments": arguments})

    (line,) = lines(caplog)
    words = dict(word.split("=", 1) for word in line.split(" "))
    assert words["id"] == answer.headers["x-request-id"]
    assert words["actor"] == agent.actor
    assert words["tool"] == "post"
    assert words["status"] == "200"
    assert float(words["ms"]) > 0
    everything = caplog.text
    assert agent.token not in everything
    assert agent.token[4:20] not in everything
    assert "the-body-is-private" not in everything
    assert "the-subject-too" not in everything


@pytest.mark.parametrize(
    "path", ["/a%0Ainjected=1", "/a%0D%0Ab", "/%1b[31mred", "/%E2%80%A8x", "/a%20status=200", "/%00", "/%C2%9Bx"]
)
async def test_a_path_cannot_break_the_line(
    web: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with caplog.at_level(logging.INFO, LINE):
        await web.get(path)

    (line,) = lines(caplog)
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    assert [word.split("=")[0] for word in line.split(" ")] == ["id", "method", "path", "status", "ms"]
    assert " status=404 " in line


async def test_what_is_asked_after_the_path_is_not_logged(
    web: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LINE):
        await web.get("/nope?token=private-thing")

    assert "private-thing" not in caplog.text


async def test_probes_are_not_logged_unless_asked_for(
    web: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LINE):
        await web.get("/healthz")
    assert lines(caplog) == []

    with caplog.at_level(logging.DEBUG, LINE):
        await web.get("/healthz")
    assert len(lines(caplog)) == 1


@pytest.fixture
async def breaking(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """The application with two routes that fail: before the answer, and in the middle of it."""
    app = create_app(settings)

    async def fail(_request: Request) -> Response:
        raise LookupError("the-inner-secret of asyncpg")

    async def fail_late(_request: Request) -> Response:
        async def body() -> AsyncIterator[str]:
            yield "begun"
            raise LookupError("the-inner-secret")

        return StreamingResponse(body())

    app.router.routes += [Route("/fail", fail), Route("/fail-late", fail_late)]
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client,
    ):
        yield client


async def test_what_breaks_is_hidden_and_found_again_by_its_id(
    breaking: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LINE):
        answer = await breaking.get("/fail")

    request_id = answer.headers["x-request-id"]
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert request_id in answer.json()["error"]["message"]
    assert_leaks_nothing(answer.text, "the-inner-secret", "LookupError")
    (trace,) = [record for record in caplog.records if record.exc_info]
    assert request_id in trace.getMessage()
    assert f"id={request_id} " in lines(caplog)[-1]
    assert " status=500 " in lines(caplog)[-1]


async def test_what_breaks_in_the_middle_is_logged_once(
    breaking: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, LINE):
        answer = await breaking.get("/fail-late")

    assert_leaks_nothing(answer.text, "the-inner-secret")
    assert len([record for record in caplog.records if record.exc_info and record.name == LINE]) == 1
    assert " status=200 " in lines(caplog)[-1]


async def test_a_tool_that_breaks_is_hidden_over_mcp_too(
    web: httpx2.AsyncClient, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_given: object) -> None:
        raise LookupError("the-inner-secret")

    monkeypatch.setattr("signalbox.tool.Catalog.call", fail)
    over_mcp = await ask(web, agent.token, "tools/call", {"name": "whoami", "arguments": {}})
    over_rest = await call_rest(web, agent.token, "whoami")

    assert over_mcp.json()["error"]["code"] == -32603
    assert (over_rest.status_code, over_rest.json()["error"]["code"]) == (500, "internal_error")
    assert_leaks_nothing(over_mcp.text, "the-inner-secret")
    assert_leaks_nothing(over_rest.text, "the-inner-secret")


WRONG_METHODS = [
    *((path, LEGACY, method, "POST") for path in ("/api/tools/claim", "/join") for method in ("GET", "TRACE")),
    *(("/mcp", MODERN, method, "POST") for method in ("GET", "DELETE", "PATCH", "OPTIONS")),
    *(("/mcp", LEGACY, method, "GET, POST, DELETE") for method in ("PUT", "TRACE")),
]


@pytest.mark.parametrize(("path", "era", "method", "allowed"), WRONG_METHODS)
async def test_a_wrong_method_is_refused(
    web: httpx2.AsyncClient, agent: Agent, *, path: str, era: str, method: str, allowed: str
) -> None:
    answer = await web.request(method, path, headers={**era_headers(era, "", {}), **agent.headers})

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "http_405")
    assert answer.headers["allow"] == allowed
