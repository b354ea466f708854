-- The only writer of ledgers.head: numbers the event, writes it, and moves the heads of the ids it
-- names. Called under the head lock, once per fact; an act that changes nothing does not call it.
create function append_event_v1(ctx act_context, event_type text, payload jsonb)
returns bigint language plpgsql as $$
declare
    event_seq bigint;
    body jsonb := jsonb_strip_nulls(payload);
begin
    update ledgers l
    set
        head = l.head + 1,
        last_at = ctx.at,
        post_head = greatest(l.post_head, (body ->> 'post_id')::bigint),
        task_head = greatest(l.task_head, (body ->> 'task_id')::bigint),
        lease_head = greatest(l.lease_head, (body ->> 'lease_id')::bigint)
    where l.project_id = ctx.project_id
    returning l.head into event_seq;
    insert into events (project_id, seq, at, participation_id, actor, type, payload)
    values (ctx.project_id, event_seq, ctx.at, ctx.participation_id, ctx.actor, event_type, body);
    return event_seq;
end $$;
