"""What participants hand to each other."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Boolean, CheckConstraint, PrimaryKeyConstraint, Table, Text

from signalbox.db.schema.columns import TIME, column, metadata, one_of, optional, partial

posts = Table(
    "posts",
    metadata,
    column("project_id", BigInteger),
    column("post_id", BigInteger),
    column("seq", BigInteger),
    column("author_id", BigInteger),
    column("author", Text),
    optional("to_lane", Text),
    optional("to_actor", Text),
    optional("subject", Text),
    column("body", Text),
    optional("ref", Text),
    optional("tag", Text),
    column("created_at", TIME),
    optional("acked_at", TIME),
    optional("reply_to", BigInteger),
    column("thread_id", BigInteger),
    optional("to_lanes", ARRAY(Text)),
    optional("to_actors", ARRAY(Text)),
    optional("to_all", Boolean),
    optional("kind", Text),
    optional("urgency", Text),
    optional("due_at", TIME),
    optional("expires_at", TIME),
    optional("reroute", Text),
    optional("overdue_at", TIME),
    optional("expired_at", TIME),
    optional("closed_lane", Text),
    PrimaryKeyConstraint("project_id", "post_id", name="posts_pkey"),
    CheckConstraint("to_lane is not null or to_actor is not null or to_all is not null", name="posts_addressed"),
    CheckConstraint(one_of("kind", "handoff", "question", "answer", "note"), name="posts_kind_known"),
    CheckConstraint(one_of("urgency", "now", "when_idle", "info"), name="posts_urgency_known"),
    partial("posts_by_lane", "project_id", "to_lane", "post_id", where="to_lane is not null"),
    partial(
        "posts_open_by_lane",
        "project_id",
        "to_lane",
        "post_id",
        where="to_lane is not null and acked_at is null and expired_at is null",
    ),
    partial(
        "posts_by_lane_and_tag",
        "project_id",
        "to_lane",
        "tag",
        "post_id",
        where="to_lane is not null and tag is not null",
    ),
    partial("posts_by_thread", "project_id", "thread_id", "post_id", where="reply_to is not null"),
    partial("posts_open", "project_id", "post_id", where="acked_at is null and expired_at is null"),
    partial("posts_by_ref", "project_id", "ref", "post_id", where="ref is not null"),
    partial("posts_by_kind", "project_id", "kind", "post_id", where="kind is not null"),
    partial("posts_by_tag", "project_id", "tag", "post_id", where="tag is not null"),
)

deliveries = Table(
    "deliveries",
    metadata,
    column("project_id", BigInteger),
    column("post_id", BigInteger),
    column("participation_id", BigInteger),
    column("state", Text, "'queued'"),
    optional("outcome", Text),
    optional("note", Text),
    optional("acked_at", TIME),
    optional("to_lane", Text),
    optional("by_name", Boolean),
    optional("due_at", TIME),
    optional("offered_at", TIME),
    optional("offered_via", Text),
    optional("seen_at", TIME),
    optional("answer_id", BigInteger),
    optional("closed_lane", Text),
    PrimaryKeyConstraint("project_id", "participation_id", "post_id", name="deliveries_pkey"),
    CheckConstraint(
        one_of("state", "queued", "offered", "seen", "acked", "declined", "expired"),
        name="deliveries_state_known",
    ),
    CheckConstraint(one_of("outcome", "done", "accepted", "declined"), name="deliveries_outcome_known"),
    CheckConstraint(
        "case when state = 'expired' then acked_at is not null else (acked_at is null) = (outcome is null) end",
        name="deliveries_acked_whole",
    ),
    partial("deliveries_unacked", "project_id", "participation_id", "post_id", where="acked_at is null"),
    partial("deliveries_by_lane", "project_id", "participation_id", "to_lane", "post_id", where="to_lane is not null"),
)

post_lanes = Table(
    "post_lanes",
    metadata,
    column("project_id", BigInteger),
    column("lane", Text),
    column("post_id", BigInteger),
    PrimaryKeyConstraint("project_id", "lane", "post_id", name="post_lanes_pkey"),
)

deadlines = Table(
    "deadlines",
    metadata,
    column("project_id", BigInteger),
    column("at", TIME),
    column("post_id", BigInteger),
    column("ends", Boolean),
    PrimaryKeyConstraint("project_id", "at", "post_id", "ends", name="deadlines_pkey"),
)
