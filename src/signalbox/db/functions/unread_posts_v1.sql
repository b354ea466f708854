-- How many posts wait for this participation's ack; see unread_of_v1.
create function unread_posts_v1(project bigint, participation bigint)
returns integer stable language plpgsql as $$
begin
    return (select u.unread from unread_of_v1(project, participation) as u (unread));
end $$;
