"""Posts: inbox, lanes and threads, written, answered and acked in a browser."""

from __future__ import annotations

import logging

import pytest

from domain.looking import change
from edge.admin.browsing import read, words
from edge.admin.looking import HOSTILE, STATEMENTS_MAX, require_sound, statements_of
from edge.admin.team import Team
from signalbox.domain import transports
from signalbox.domain.receipts import write_marks

TELLING = "'" * 8000  # a post of the largest page: each character takes five bytes


async def test_without_posts_the_page_says_what_to_do(team: Team) -> None:
    page = await team.browser.get(f"{team.path}/posts")

    assert "Nobody has posted yet." in words(page)
    require_sound(page)


async def test_a_post_is_written_in_the_browser_and_reaches_agents(team: Team) -> None:
    posts = f"{team.path}/posts"
    page = await team.browser.fill(
        posts,
        posts,
        to_actor="claude-1",
        to_lane="frontend",
        subject="Plan",
        body="first\nsecond",
        ref="ADR-7",
        tag="plan",
    )
    read_by_codex = (await team.codex.call("read_posts", to_me=True))["posts"]
    read_by_claude = (await team.claude.call("read_posts", to_me=True))["posts"]

    assert page.url.path == f"{posts}/1"
    assert "The post is written." in words(page)
    assert "first\nsecond" in page.text
    assert read_by_codex == read_by_claude
    assert read_by_codex[0]["body"] == "first\nsecond"
    assert read_by_codex[0]["from"] == team.project.handle
    assert (read_by_codex[0]["ref"], read_by_codex[0]["tag"]) == ("ADR-7", "plan")


async def test_a_form_that_is_sent_twice_posts_once(team: Team) -> None:
    posts = f"{team.path}/posts"
    form = next(
        one for one in read(await team.browser.get(posts)).forms if one.action == posts and "body" in one.fields
    )
    answers = [await team.browser.send(form, posts, to_actor="claude-1", body="once") for _ in range(2)]

    assert {str(answer.url.path) for answer in answers} == {f"{posts}/1"}
    assert len((await team.claude.call("read_posts", to_me=True))["posts"]) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"body": "x"}, "to_lane or to_actor is required"),
        ({"to_actor": "claude-1", "body": ""}, "fill this in"),
        ({"to_actor": "nobody", "body": "kept text"}, "no participant 'nobody' in this project"),
        ({"to_actor": "claude-1", "body": "x" * 8001}, "at most 8000 characters"),
        ({"to_actor": "claude-1", "body": "x", "subject": "s" * 201}, "at most 200 characters"),
        ({"to_actor": "claude-1", "body": "x", "ref": "two\nlines"}, "must be one line"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
async def test_a_wrong_post_is_shown_again_with_what_is_wrong(team: Team, wrong: dict[str, str], said: str) -> None:
    posts = f"{team.path}/posts"
    page = await team.browser.fill(posts, posts, **wrong)
    form = next(one for one in read(page).forms if one.action == posts and "body" in one.fields)

    assert page.status_code == 400
    assert said in words(page)
    assert form.fields["body"] == wrong["body"]
    assert "<details open>" in page.text
    assert (await team.claude.call("read_posts"))["posts"] == []


async def test_the_list_is_filtered_and_paged(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(35):
        await team.claude.call("post", to_lane="frontend", subject=f"subject-{number}.", body="b", tag=f"t{number % 2}")
    await team.claude.call("post", to_actor=team.project.handle, subject="for-the-owner", body="b", ref="PR-1")
    posts = f"{team.path}/posts"
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        first = await team.browser.get(posts)
    older = next(link for link in read(first).links if "before=" in link)
    second = await team.browser.get(older)
    mine = await team.browser.get(f"{posts}?to_me=true&unacked_only=true")
    tagged = await team.browser.get(f"{posts}?tag=t1&to_lane=frontend")
    nothing = await team.browser.get(f"{posts}?ref=PR-2")

    assert statements_of(caplog) <= STATEMENTS_MAX
    assert "subject-6." in words(first)
    assert "subject-5." not in words(first)
    assert "subject-5." in words(second)
    assert "for-the-owner" in words(mine)
    assert "subject-1." not in words(mine)
    assert "subject-1." in words(tagged)
    assert "subject-2." not in words(tagged)
    assert "No post is like that." in words(nothing)


@pytest.mark.parametrize(
    "query", ["before=x", "before=0", f"tag={'t' * 65}", "to_me=perhaps", "before=99999999999999999999"]
)
async def test_wrong_filters_are_said_and_nothing_is_looked_for(team: Team, query: str) -> None:
    page = await team.browser.get(f"{team.path}/posts?{query}")

    assert page.status_code == 400
    assert "mend the filters" in words(page)


async def test_a_thread_shows_what_became_of_each_post(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    await team.claude.call("post", to_actor="codex-1", to_lane="frontend", subject="Plan", body="shall we?")
    await team.codex.call("ack", post_id=1, outcome="declined", note="not today")
    await team.codex.call("post", reply_to=1, body="tomorrow then")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(f"{team.path}/posts/2")
    said = words(page)

    assert statements_of(caplog) <= STATEMENTS_MAX
    assert "shall we?" in said
    assert "tomorrow then" in said
    assert f"{team.codex.actor} declined" in said
    assert "not today" in said
    assert f"{team.claude.actor} queued" in said
    assert "in reply to 1" in said
    assert f'data-events="{team.path}/live"' in page.text
    require_sound(page)


async def test_a_handoff_with_a_deadline_is_written_to_everybody_and_shows_its_receipts(
    team: Team, database_url: str
) -> None:
    posts, database = f"{team.path}/posts", team.claude.database
    await team.browser.fill(posts, posts, to_all="true", kind="question", ack_within_seconds="600", body="shall we?")
    transports.offered(database, await team.claude.principal(), "channel", [1])
    await team.claude.call("read_posts", to_me=True)
    await write_marks(database)
    await team.codex.call("post", reply_to=1, body="yes")
    await change(database_url, "update posts set overdue_at = now() where project_id = $1", team.project.project_id)
    page = await team.browser.get(f"{posts}/1")
    said = words(page)

    assert "wrote to everybody" in said
    assert "Ack wanted in 9 min overdue" in said
    assert f"{team.claude.actor} seen offered on a channel just now , seen just now" in said
    assert f"{team.codex.actor} done acked just now , by post 2" in said
    assert f"{posts}/2" in read(page).links
    assert "question" in words(await team.browser.get(f"{posts}?kind=question"))
    assert "No post is like that." in words(await team.browser.get(f"{posts}?kind=note"))
    require_sound(page)


async def test_late_and_expired_deliveries_are_marked(team: Team, database_url: str) -> None:
    to = [team.codex.actor, team.claude.actor]
    await team.codex.call("post", to_actors=to, body="look", ack_within_seconds=60, expires_in_seconds=90)
    await change(
        database_url,
        "update deliveries set due_at = now() - interval '1 minute' where project_id = $1",
        team.project.project_id,
    )
    await team.codex.call("ack", post_id=1)
    await change(
        database_url,
        "update deliveries set state = 'expired', acked_at = now() where project_id = $1 and acked_at is null",
        team.project.project_id,
    )
    said = words(await team.browser.get(f"{team.path}/posts/1"))

    assert f"{team.codex.actor} done late" in said
    assert f"{team.claude.actor} expired" in said
    assert f"to {team.codex.actor} and 1 more" in said


async def test_a_reply_goes_to_who_wrote(team: Team) -> None:
    await team.claude.call("post", to_actor=team.project.handle, body="shall we?")
    page = await team.browser.fill(f"{team.path}/posts/1", f"{team.path}/posts/1/reply", body="yes")
    (heard,) = (await team.claude.call("read_posts", to_me=True))["posts"]

    assert page.url.path == f"{team.path}/posts/2"
    assert (heard["body"], heard["reply_to"]) == ("yes", 1)


async def test_an_empty_reply_is_shown_again(team: Team) -> None:
    await team.claude.call("post", to_actor=team.project.handle, body="shall we?")
    page = await team.browser.fill(f"{team.path}/posts/1", f"{team.path}/posts/1/reply", subject="a subject")

    assert page.status_code == 400
    assert "fill this in" in words(page)
    assert 'value="a subject"' in page.text


async def test_a_post_to_me_is_acked_with_outcome_and_note(team: Team) -> None:
    await team.claude.call("post", to_actor=team.project.handle, body="shall we?")
    ack = f"{team.path}/posts/1/ack"
    page = await team.browser.fill(f"{team.path}/posts/1", ack, outcome="accepted", note="on it")
    event = (await team.claude.call("query_events", type="ack"))["events"][0]

    assert "The post is acked." in words(page)
    assert "accepted" in words(page)
    assert ack not in [form.action for form in read(page).forms]
    assert event["payload"] == {"post_id": 1, "outcome": "accepted", "note": "on it"}
    assert event["actor"] == team.project.handle


@pytest.mark.parametrize(
    ("field", "wrong", "said"), [("outcome", "x", "one of the choices"), ("note", "n" * 501, "at most")]
)
async def test_a_wrong_ack_is_shown_again(team: Team, field: str, wrong: str, said: str) -> None:
    await team.claude.call("post", to_actor=team.project.handle, body="shall we?")
    page = await team.browser.fill(f"{team.path}/posts/1", f"{team.path}/posts/1/ack", **{field: wrong})

    assert page.status_code == 400
    assert said in words(page)
    assert (await team.claude.call("query_events", type="ack"))["events"] == []


async def test_only_a_recipient_is_offered_an_ack(team: Team) -> None:
    await team.claude.call("post", to_actor="codex-1", body="not for the owner")
    page = await team.browser.get(f"{team.path}/posts/1")

    assert f"{team.path}/posts/1/ack" not in [form.action for form in read(page).forms]


async def test_a_late_post_of_a_long_thread_is_on_its_own_page(team: Team, caplog: pytest.LogCaptureFixture) -> None:
    await team.claude.call("post", to_actor="codex-1", body="the first")
    for number in range(2, 26):
        await team.codex.call("post", reply_to=1, body=f"number {number}.")
    with caplog.at_level(logging.INFO, "signalbox.requests"):
        page = await team.browser.get(f"{team.path}/posts/20")
    first = await team.browser.get(f"{team.path}/posts/1")
    later = await team.browser.get(next(link for link in read(first).links if "after=" in link))

    assert statements_of(caplog) <= STATEMENTS_MAX
    assert "number 20." in words(page)
    assert f"{team.path}/posts/1" in read(page).links
    assert "number 10." in words(first)
    assert "number 11." not in words(first)
    assert "number 11." in words(later)


async def test_the_largest_thread_of_hostile_text_is_small_and_inert(team: Team) -> None:
    line = HOSTILE[:120]
    for number in range(40):
        await (await team.project.join(f"a-recipient-of-a-longer-name-{number}")).call("register", lane="frontend")
    await team.claude.call("post", to_lane="frontend", subject=line, body=TELLING, ref=line, tag=HOSTILE[:64])
    for _ in range(12):
        await team.codex.call("post", reply_to=1, to_lane="frontend", subject=line, body=f"{HOSTILE}\n{TELLING[:7000]}")
    pages = [await team.browser.get(f"{team.path}/posts/{post_id}") for post_id in (1, 5)]
    listed = await team.browser.get(f"{team.path}/posts")

    for page in (*pages, listed):
        require_sound(page)
        assert "&lt;script&gt;alert(1)" in page.text
        assert "{{ 7 * 7 }}" in words(page)
    assert TELLING in words(pages[0])
    assert "Read post 2 whole" in words(pages[0])


@pytest.mark.parametrize("path", ["posts/1", "posts/0", "posts/x", "posts/99999999999999999999", "posts/1?after=5"])
async def test_unknown_posts_are_not_found(team: Team, path: str) -> None:
    page = await team.browser.get(f"{team.path}/{path}")

    assert page.status_code == 404
