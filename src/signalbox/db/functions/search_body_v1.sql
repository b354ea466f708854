-- The text that an event does not carry itself: the body of its post, the detail of the task it made.
create function search_body_v1(event events) returns text stable language plpgsql as $$
begin
    if event.type = 'post' then
        return (select p.body from posts p where p.project_id = event.project_id and p.post_id = event.post_id);
    elsif event.type = 'task_create' then
        return (select t.detail from tasks t where t.project_id = event.project_id and t.task_id = event.task_id);
    end if;
    return null;
end $$;
