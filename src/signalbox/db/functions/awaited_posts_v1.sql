-- The oldest posts that wait for a participation's ack and are as wanted, of those after a seq of the ledger. Ids of
-- posts grow with their seqs, so the first post event after it says where to begin.
create function awaited_posts_v1(project bigint, participation bigint, after_seq bigint, wanted jsonb, most integer)
returns bigint[] language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
    first_id bigint := 1;
    is_any boolean := not wanted ?| '{from,lane,tag,kind}';
    wanted_author bigint;
begin
    if after_seq is not null then
        select e.post_id into first_id
        from events e
        where e.project_id = project and e.type = 'post' and e.seq > after_seq
        order by e.seq
        limit 1;
    end if;
    if first_id is null then
        return '{}';
    end if;
    if wanted ->> 'from' is not null then
        select r.participation_id into wanted_author from resolve_actor_v1(project, wanted ->> 'from', true) r;
    end if;
    return array(
        select d.post_id
        from deliveries d
        where d.project_id = project
            and d.participation_id = participation
            and d.acked_at is null
            and d.state <> 'expired'
            and d.post_id >= first_id
            and (is_any or is_wanted_post_v1(project, d.post_id, wanted_author, wanted))
        order by d.post_id
        limit most);
end $$;
