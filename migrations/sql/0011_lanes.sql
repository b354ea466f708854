-- Lanes that somebody has configured, and who may see what is said in them. What is said in a closed lane carries its
-- name in closed_lane, for ever; null is open to the project. Whoever reads has the list of lanes they are an insider
-- of in signalbox.lanes, and policies compare the two (bind_to_lanes in db/migrating.py).

create table lanes (
    project_id bigint not null,
    lane text not null,
    access text not null,
    description text,
    created_by bigint not null,
    created_at timestamptz not null,
    -- It was closed once: who closes it again must have been let in then, because they would let others in.
    was_closed boolean not null,
    -- Of a secret lane the row itself is closed; of a private one all may see that it is there.
    closed_lane text generated always as (case when access = 'secret' then lane end) stored,
    constraint lanes_pkey primary key (project_id, lane),
    constraint lanes_access_known check (access in ('open', 'private', 'secret')),
    constraint lanes_secret_marked check ((access = 'secret') = (position('~' in lane) > 0)),
    constraint lanes_nobodys check (left(lane, 1) <> '@'),
    constraint lanes_closed_once check (was_closed or access = 'open')
);
create index lanes_by_creator on lanes (project_id, created_by);

-- For one participant to join a closed lane. It is theirs to see: '@' and their number is in their list, too.
create table lane_invitations (
    project_id bigint not null,
    lane text not null,
    participation_id bigint not null,
    invited_by text not null,
    invited_at timestamptz not null,
    closed_lane text generated always as ('@' || participation_id::text) stored,
    constraint lane_invitations_pkey primary key (project_id, lane, participation_id)
);
create index lane_invitations_by_participation on lane_invitations (project_id, participation_id);

alter table lane_members
    -- Was let in while the lane was closed: sees what was said then, also when it is open again.
    add column is_insider boolean not null default false,
    add column closed_lane text,
    drop constraint lane_members_origin_known,
    add constraint lane_members_origin_known check (origin in ('granted', 'registered', 'joined')),
    add constraint lane_members_closed_inside check (closed_lane is null or (closed_lane = lane and is_insider));
alter table posts add column closed_lane text;
alter table deliveries add column closed_lane text;
alter table events add column closed_lane text;
alter table tasks add column closed_lane text;
-- Where somebody is registered, when that is a closed lane, and what it does there: read through sees_lane_v1 only. All
-- others see it where it was before, so that going in is not to be told from staying.
alter table presence add column closed_lane text, add column closed_status text;
-- What signalbox.lanes is set to for this participant: written by know_lanes_v1 wherever is_insider changes.
alter table participations add column closed_lanes text[] not null default '{}';
-- Whether the project has, or has had, what not all in it see: where it has not, nobody pays for looking.
alter table projects add column has_closed_lanes boolean not null default false;
