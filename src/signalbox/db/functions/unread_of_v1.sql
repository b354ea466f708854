-- How many posts wait for a participation's ack, counted up to 1,000, which reads "1,000 or more". One row, in the
-- language of statements: so a statement that asks for many participations takes it in, instead of calling it for each.
create function unread_of_v1(project bigint, participation bigint) returns setof bigint stable language sql as $$
    select count(*)
    from (
        select 1
        from deliveries d
        where d.project_id = project
            and d.participation_id = participation
            and d.acked_at is null
        limit 1000
    ) unread
$$;
