-- The only writer of ledgers.head: numbers the event, writes it, and moves the heads of the ids it
-- names. Called under the head lock, once per fact; an act that changes nothing does not call it.
create or replace function append_event_v1(ctx act_context, event_type text, payload jsonb)
returns bigint language plpgsql as $$
declare
    event_seq bigint;
    body jsonb := jsonb_strip_nulls(payload);
    post bigint := body ->> 'post_id';
    task bigint := body ->> 'task_id';
    lease bigint := body ->> 'lease_id';
begin
    update ledgers l
    set
        head = l.head + 1,
        last_at = ctx.at,
        post_head = greatest(l.post_head, post),
        task_head = greatest(l.task_head, task),
        lease_head = greatest(l.lease_head, lease)
    where l.project_id = ctx.project_id
    returning l.head into event_seq;
    -- What is filtered on stands in columns of its own; as generated columns they would cost a tenth of an act.
    insert into events
        (project_id, seq, at, participation_id, actor, type, payload, ref, tag, sequence, post_id, task_id, lease_id)
    values
        (ctx.project_id, event_seq, ctx.at, ctx.participation_id, ctx.actor, event_type, body, body ->> 'ref',
            body ->> 'tag', body ->> 'sequence', post, task, lease);
    return event_seq;
end $$;
