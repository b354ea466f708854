-- Presence says more: how busy, whether others see it, what for, and how one can be reached.
alter table presence
    add column availability text not null default 'active',
    add column visibility text not null default 'visible',
    add column tags text[] not null default '{}',
    add column reach text,
    add column reach_at timestamptz,
    add constraint presence_availability_known check (availability in ('active', 'idle', 'busy')),
    add constraint presence_visibility_known check (visibility in ('visible', 'hidden', 'ghost')),
    add constraint presence_reach_known check (reach in ('stream', 'wait', 'hook')),
    add constraint presence_reach_whole check ((reach is null) = (reach_at is null));

-- Which groups of tools a token is shown; null: all.
alter table tokens
    add column tool_groups text[],
    add constraint tokens_tool_groups_known check (
        tool_groups <@ array['core', 'lanes', 'work', 'admin', 'hooks'] and tool_groups <> '{}');

-- Every label that a participant was ever given: one that it has given up is still its address, and nobody else's.
create table labels (
    owner_id bigint not null,
    label text not null,
    participant_id bigint not null,
    given_up_at timestamptz,
    constraint labels_pkey primary key (owner_id, label),
    constraint labels_participant_fkey foreign key (participant_id) references participants (participant_id)
);
create index labels_of_participant on labels (participant_id);
create index labels_given_up on labels (label) where given_up_at is not null;
insert into labels (owner_id, label, participant_id)
select a.owner_id, a.label, a.participant_id from participants a;

-- A cursor for each session of a participation; '' is the one of calls that name none.
alter table cursors
    add column session text not null default '',
    add column moved_at timestamptz not null default now(),
    drop constraint cursors_pkey,
    add constraint cursors_pkey primary key (project_id, participation_id, session);
