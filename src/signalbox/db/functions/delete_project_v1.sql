-- The end of a project that is archived and exported whole, and whose name its owner has typed. From here on it is
-- nobody's and nowhere: its name is free, its members are away, its tokens and invites do not hold. Its ledger ends
-- without an event, which would be past the export; the rows go afterwards (purge_deleted_v1).
create function delete_project_v1(act act_ref, typed_name text) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    project projects;
    head bigint;
begin
    perform require_project_owner_v1(act, ctx, 'delete it');
    select * into project from projects j where j.project_id = ctx.project_id;
    select l.head into head from ledgers l where l.project_id = ctx.project_id;
    if project.name <> typed_name then
        perform refuse_v1(409, 'that is not the name of this project: type it exactly',
            jsonb_build_object('name', project.name));
    elsif project.archived_at is null then
        perform refuse_v1(409, 'this project is in use: archive it first', '{"archived": false}');
    elsif project.exported_seq is distinct from head then
        perform refuse_v1(409, 'this project is not exported up to its last event: export it first',
            jsonb_build_object('exported_seq', project.exported_seq, 'head', head));
    end if;
    update projects j set deleted_at = ctx.at where j.project_id = ctx.project_id;
    update invites i set revoked_at = ctx.at where i.project_id = ctx.project_id and i.revoked_at is null;
    update tokens t
    set revoked_at = ctx.at
    from participations p
    where p.project_id = ctx.project_id and t.participation_id = p.participation_id and t.revoked_at is null;
    update participations p set removed_at = ctx.at where p.project_id = ctx.project_id and p.removed_at is null;
    return jsonb_build_object('project', project.name, 'deleted_at', ctx.at);
end $$;
