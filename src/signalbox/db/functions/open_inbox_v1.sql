-- What is open in an inbox above an id, oldest first, with the beginning of each body.
create function open_inbox_v1(
    project bigint, participation bigint, above bigint, urgent_only boolean, rows_max integer
)
returns table (
    post_id bigint, author text, kind text, urgency text, subject text, ref text, body text, body_characters integer
)
stable language plpgsql as $$
begin
    return query
    select p.post_id, p.author, p.kind, p.urgency, p.subject, p.ref, left(p.body, 1000), length(p.body)
    from deliveries d
    cross join lateral (
        select *
        from posts q
        where q.project_id = project and q.post_id = d.post_id
        limit 1
    ) p
    where d.project_id = project
        and d.participation_id = participation
        and d.acked_at is null
        and d.post_id > above
        and (not urgent_only or p.urgency = 'now')
    order by d.post_id
    limit rows_max;
end $$;
