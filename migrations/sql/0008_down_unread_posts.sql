-- How many posts wait for this participation's ack; counted up to 1,000, which reads "1,000 or more".
create or replace function unread_posts_v1(project bigint, participation bigint)
returns integer stable language plpgsql as $$
begin
    return (
        select count(*)
        from (
            select 1
            from deliveries d
            where d.project_id = project and d.participation_id = participation and d.acked_at is null
            limit 1000
        ) unread
    );
end $$;
