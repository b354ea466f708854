-- Refuses to let a task wait on one that those who see it do not all see: what is open waits on nothing closed.
create function may_wait_on_v1(other tasks, closed text) returns void language plpgsql as $$
begin
    if other.closed_lane is distinct from closed and other.closed_lane is not null then
        perform refuse_v1(409, format(
            'task %s belongs to the closed lane %L: only a task of that lane waits on it', other.task_id,
            other.closed_lane));
    end if;
end $$;
