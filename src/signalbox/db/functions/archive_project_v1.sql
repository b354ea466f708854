-- Closes the project to its tokens, or opens it again: both are acts of its owner and stand in the ledger. Doing it
-- again changes nothing.
create function archive_project_v1(act act_ref, archived boolean) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    since timestamptz;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    perform require_project_owner_v1(act, ctx, 'archive it or open it again');
    update projects j
    set archived_at = case when archived then ctx.at end
    where j.project_id = ctx.project_id and (j.archived_at is not null) is distinct from archived;
    if found then
        perform append_event_v1(ctx, act.tool, '{}');
    end if;
    select j.archived_at into since from projects j where j.project_id = ctx.project_id;
    return finish_act_v1(act, ctx, jsonb_build_object('archived_at', since));
end $$;
