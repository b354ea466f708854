-- Says what became of a claimed number: by who claimed it, or a lead; once. Saying the same again, or less, changes nothing. A void
-- number stays taken: no claim ever gets it.
create function settle_claim_v1(act act_ref, sequence_name text, wanted bigint, new_outcome text, ref text)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    claim claims;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    select * into claim
    from claims c
    where c.project_id = ctx.project_id and c.sequence = sequence_name and c.number = wanted;
    if claim.number is null then
        perform refuse_v1(404, format('nobody has claimed %s of %L: latest_claims shows where it stands', wanted, sequence_name));
    elsif claim.participation_id <> ctx.participation_id and ctx.role <> 'lead' then
        perform refuse_v1(403, format('%s was claimed by %s, who settles it, or a lead', claim.formatted, claim.actor),
            jsonb_build_object('by', claim.actor));
    elsif claim.outcome <> new_outcome
        or (claim.outcome is not null and claim.settled_ref is distinct from coalesce(ref, claim.settled_ref))
    then
        perform refuse_v1(409,
            format('%s is %s already%s, says %s', claim.formatted, claim.outcome, coalesce(': ' || claim.settled_ref, ''),
                claim.settled_by),
            jsonb_strip_nulls(jsonb_build_object('outcome', claim.outcome, 'ref', claim.settled_ref,
                'by', claim.settled_by, 'settled_at', claim.settled_at)));
    elsif claim.outcome is null then
        update claims c
        set outcome = new_outcome, settled_ref = settle_claim_v1.ref, settled_by = ctx.actor, settled_at = ctx.at
        where c.project_id = ctx.project_id and c.sequence = sequence_name and c.number = wanted and c.outcome is null
        returning * into claim;
        perform append_event_v1(ctx, 'settle', jsonb_build_object(
            'sequence', sequence_name, 'number', wanted, 'formatted', claim.formatted, 'outcome', new_outcome,
            'ref', settle_claim_v1.ref));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'sequence', sequence_name, 'number', wanted, 'formatted', claim.formatted, 'outcome', claim.outcome,
        'ref', claim.settled_ref, 'settled_at', claim.settled_at));
end $$;
