-- Who owes a post an ack: of the actors it names, those who have given none; twenty at most, null when nobody does. A
-- question is answered once.
create function silent_actors_v1(post posts) returns text[] stable language plpgsql as $$
begin
    if post.expired_at is not null or (post.kind = 'question' and post.acked_at is not null) then
        return null;
    end if;
    return (
        select array_agg(s.actor order by s.actor)
        from (
            select m.actor
            from members m
            where m.project_id = post.project_id
                and m.removed_at is null
                and (
                    select true
                    from deliveries d
                    where d.project_id = post.project_id
                        and d.participation_id = m.participation_id
                        and d.post_id = post.post_id
                        and d.acked_at is null
                        and (d.to_lane is null or d.by_name)
                )
            order by m.actor
            limit 20
        ) s
    );
end $$;
