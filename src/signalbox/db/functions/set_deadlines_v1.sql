-- Sees to it that a post is looked at again when its ack is due and when it expires; one that expires first is never
-- overdue. A handoff, a question, and what is to be sent on, is due after a day if it does not say when.
create function set_deadlines_v1(ctx act_context, post bigint, wants_ack boolean, due timestamptz, ends timestamptz)
returns void language plpgsql as $$
declare
    first_at timestamptz;
begin
    if due is null and wants_ack then
        due := ctx.at + interval '1 day';
    end if;
    if due >= ends then
        due := null;
    end if;
    first_at := least(due, ends);
    if first_at is null then
        return;
    end if;
    insert into deadlines (project_id, at, post_id, ends)
    select ctx.project_id, d.at, post, d.ends
    from (values (due, false), (ends, true)) as d (at, ends)
    where d.at is not null;
    insert into agendas as a (project_id, next_at)
    values (ctx.project_id, first_at)
    on conflict on constraint agendas_pkey do update
    set next_at = excluded.next_at
    where a.next_at > excluded.next_at;
end $$;
