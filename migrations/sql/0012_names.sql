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
        tool_groups <@ array['core', 'lanes', 'work', 'admin'] and tool_groups <> '{}');
