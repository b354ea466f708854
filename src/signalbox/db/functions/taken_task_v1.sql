-- A task whole, for who has just taken it: with what it depended on, and the newest 20 notes of those before.
create function taken_task_v1(project bigint, wanted bigint) returns jsonb stable language plpgsql as $$
begin
    return (
        select jsonb_build_object(
            'task_id', t.task_id, 'title', t.title, 'lane', t.lane, 'owner', t.owner, 'status', t.status,
            'blockers', t.blockers, 'priority', t.priority, 'ref', t.ref, 'depends_on', t.depends_on,
            'detail', t.detail, 'created_by', t.created_by, 'created_at', t.created_at, 'updated_at', t.updated_at,
            'dependencies', task_dependencies_v1(project, wanted),
            'notes', (
                select jsonb_agg(jsonb_build_object('actor', n.actor, 'at', n.at, 'note', n.note) order by n.seq)
                from (
                    select e.seq, e.actor, e.at, e.payload ->> 'note' as note
                    from (
                        select v.seq, v.actor, v.at, v.type, v.payload
                        from events v
                        where v.project_id = project and v.task_id = wanted
                        order by v.seq desc
                        limit 200
                    ) e
                    where e.payload ? 'note'
                    order by e.seq desc
                    limit 20
                ) n
            ))
        from listed_tasks t
        where t.project_id = project and t.task_id = wanted
    );
end $$;
