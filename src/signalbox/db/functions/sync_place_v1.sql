-- What a participation reads, as its cursors are kept for it: its inbox, a lane, or a thread by its first post.
create function sync_place_v1(project bigint, lane text, thread bigint) returns text language plpgsql stable as $$
declare
    first_id bigint;
begin
    if lane is not null then
        return 'lane ' || lane;
    elsif thread is null then
        return 'inbox';
    end if;
    select p.thread_id into first_id from posts p where p.project_id = project and p.post_id = thread;
    if first_id is null then
        perform refuse_v1(404, format('no post %s in this project: read_posts shows what there is', thread));
    end if;
    return 'thread ' || first_id;
end $$;
