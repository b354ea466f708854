-- Another name for the project. Its old one is free at once.
create function rename_project_v1(act act_ref, new_name text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    was text;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    perform require_project_owner_v1(act, ctx, 'rename it');
    select j.name into was from projects j where j.project_id = ctx.project_id;
    if was <> new_name then
        update projects j set name = new_name where j.project_id = ctx.project_id;
        perform append_event_v1(ctx, 'rename_project', jsonb_build_object('from', was, 'to', new_name));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object('project', new_name));
end $$;
