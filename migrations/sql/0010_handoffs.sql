-- Posts to several, with a kind, an urgency and deadlines. `to_lane` and `to_actor` are the first of them; only a post
-- to several has lists, and a row in post_lanes for each lane but its first.
alter table posts add column if not exists to_lanes text[];
alter table posts add column if not exists to_actors text[];
alter table posts add column if not exists to_all boolean;
alter table posts add column if not exists kind text;
alter table posts add column if not exists urgency text;
alter table posts add column if not exists due_at timestamptz;
alter table posts add column if not exists expires_at timestamptz;
alter table posts add column if not exists reroute text;
alter table posts add column if not exists overdue_at timestamptz;
alter table posts add column if not exists expired_at timestamptz;
alter table posts drop constraint posts_addressed;
alter table posts add constraint posts_addressed
    check (to_lane is not null or to_actor is not null or to_all is not null);
alter table posts add constraint posts_kind_known check (kind in ('handoff', 'question', 'answer', 'note'));
alter table posts add constraint posts_urgency_known check (urgency in ('now', 'when_idle', 'info'));
create index posts_by_kind on posts (project_id, kind, post_id) where kind is not null;

create table post_lanes (
    project_id bigint not null,
    lane text not null,
    post_id bigint not null,
    constraint post_lanes_pkey primary key (project_id, lane, post_id)
);

-- What waits for an ack has neither been acked nor expired.
drop index posts_open;
create index posts_open on posts (project_id, post_id) where acked_at is null and expired_at is null;
drop index posts_open_by_lane;
create index posts_open_by_lane on posts (project_id, to_lane, post_id)
    where to_lane is not null and acked_at is null and expired_at is null;

-- What was observed of a delivery on its way. `by_name`: it is to an actor, of a post that goes to a lane, too. One that
-- has expired has its time in acked_at, so that what is null there waits, whoever asks.
alter table deliveries add column if not exists by_name boolean;
alter table deliveries add column if not exists due_at timestamptz;
alter table deliveries add column if not exists offered_at timestamptz;
alter table deliveries add column if not exists offered_via text;
alter table deliveries add column if not exists seen_at timestamptz;
alter table deliveries add column if not exists answer_id bigint;
alter table deliveries drop constraint deliveries_acked_whole;
alter table deliveries add constraint deliveries_acked_whole
    check (case when state = 'expired' then acked_at is not null else (acked_at is null) = (outcome is null) end);

-- When a post is looked at again: when its ack is due, or when it ends.
create table deadlines (
    project_id bigint not null,
    at timestamptz not null,
    post_id bigint not null,
    ends boolean not null,
    constraint deadlines_pkey primary key (project_id, at, post_id, ends)
);

-- The first deadline of each project that has one, so that nobody looks through all projects for it. Written under the
-- project's head lock only.
create table agendas (
    project_id bigint not null,
    next_at timestamptz not null,
    constraint agendas_pkey primary key (project_id),
    constraint agendas_project_fkey foreign key (project_id) references projects (project_id) on delete cascade
);
create index agendas_by_time on agendas (next_at);
