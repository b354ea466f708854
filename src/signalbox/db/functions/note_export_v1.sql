-- Remembers how far the ledger was exported. Only bookkeeping, so no event: one would be past what was exported.
create function note_export_v1(act act_ref, upto_seq bigint) returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    exported bigint;
begin
    perform require_project_owner_v1(act, ctx, 'note an export');
    update projects j
    set exported_seq = greatest(
        j.exported_seq, least(upto_seq, (select l.head from ledgers l where l.project_id = ctx.project_id)))
    where j.project_id = ctx.project_id
    returning j.exported_seq into exported;
    return jsonb_build_object('exported_seq', exported);
end $$;
