-- Answers posts that are addressed to the caller: the ones named, or its unacked ones up to an id (at most
-- 1,000 a call, oldest first). The first ack counts; a repeat is answered with its time and leaves no event. An ack
-- after the deadline, or of what has expired, is recorded as late. What was said in a closed lane is acked there: in an
-- event of its own.
create function ack_v1(act act_ref, named_ids bigint[], through bigint, new_outcome text, new_note text)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    wanted bigint[] := named_ids;
    unknown bigint[];
    newly bigint[];
    insides text[];
    late bigint[];
    one bigint;
    due timestamptz;
    inside text;
    part record;
    first_at timestamptz;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    if through is not null then
        select coalesce(array_agg(due.post_id), '{}') into wanted
        from (
            select d.post_id
            from deliveries d
            where d.project_id = ctx.project_id
                and d.participation_id = ctx.participation_id
                and d.acked_at is null
                and d.post_id <= through
            order by d.post_id
            limit 1000
        ) due;
    end if;
    -- One by one and by the whole key: a list of ids may be planned as a walk through all that the caller ever got.
    for one in
        select w.post_id from unnest(wanted) as w (post_id) order by w.post_id
    loop
        update deliveries d
        set acked_at = ctx.at, outcome = new_outcome, note = new_note,
            state = case new_outcome when 'declined' then 'declined' else 'acked' end
        where d.project_id = ctx.project_id
            and d.participation_id = ctx.participation_id
            and d.post_id = one
            and (d.acked_at is null or d.state = 'expired')
        returning d.due_at, d.closed_lane into due, inside;
        if found then
            update posts p
            set acked_at = ctx.at
            where p.project_id = ctx.project_id and p.post_id = one and p.acked_at is null;
            newly := newly || one;
            insides := insides || inside;
            if due < ctx.at then
                late := late || one;
            end if;
        end if;
    end loop;
    -- Nearly always each of them was open; what was not is looked up one by one, because as an anti-join that may be
    -- planned over all posts there are.
    if newly is null or cardinality(newly) < cardinality(wanted) then
        select array_agg(w.post_id order by w.post_id) into unknown
        from unnest(wanted) as w (post_id)
        where (select true from posts p where p.project_id = ctx.project_id and p.post_id = w.post_id) is null;
        if unknown is not null then
            perform refuse_v1(404, format('no post %s in this project: read_posts shows yours', array_to_string(unknown, ', ')));
        end if;
        select array_agg(w.post_id order by w.post_id) into unknown
        from unnest(wanted) as w (post_id)
        where (
            select true
            from deliveries d
            where d.project_id = ctx.project_id
                and d.post_id = w.post_id
                and d.participation_id = ctx.participation_id
        ) is null;
        if unknown is not null then
            perform refuse_v1(403, format('post %s is not addressed to you: only a recipient acks it', array_to_string(unknown, ', ')));
        end if;
        select min((
            select d.acked_at
            from deliveries d
            where d.project_id = ctx.project_id
                and d.participation_id = ctx.participation_id
                and d.post_id = w.post_id
        )) into first_at
        from unnest(wanted) as w (post_id);
    else
        first_at := ctx.at;
    end if;
    for part in
        select
            array_agg(a.post_id order by a.post_id) as ids,
            array_agg(a.post_id order by a.post_id) filter (where a.post_id = any(late)) as late,
            a.closed_lane
        from unnest(newly, insides) as a (post_id, closed_lane)
        group by a.closed_lane
        order by a.closed_lane nulls first
    loop
        perform append_event_v1(ctx, 'ack', jsonb_build_object(
            'post_id', case when cardinality(part.ids) = 1 then part.ids[1] end,
            'post_ids', case when cardinality(part.ids) > 1 then to_jsonb(part.ids) end,
            'outcome', new_outcome, 'note', new_note, 'late', part.late, 'closed_lane', part.closed_lane));
    end loop;
    if through is null and cardinality(wanted) = 1 then
        return finish_act_v1(act, ctx, jsonb_build_object('post_id', wanted[1], 'acked_at', first_at));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'post_ids', to_jsonb(coalesce(newly, '{}')), 'acked_at', case when newly is not null then ctx.at end));
end $$;
