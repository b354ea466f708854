-- Changes a member's role or lane, from its next call on. Null leaves a thing as it is; a lane of '' takes it away.
create or replace function change_member_v1(act act_ref, name text, new_role text, new_lane text)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    member members;
    role_then text;
    lane_then text;
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    member := managed_member_v1(ctx, name);
    role_then := coalesce(new_role, member.role);
    lane_then := case when new_lane is null then member.lane else nullif(new_lane, '') end;
    if member.label = '' and role_then <> 'lead' then
        perform refuse_v1(403, 'the owner of a project stays its lead');
    end if;
    if role_then <> member.role or lane_then is distinct from member.lane then
        update participations p
        set role = role_then, lane = lane_then
        where p.participation_id = member.participation_id;
        if lane_then is distinct from member.lane then
            perform give_lane_v1(ctx, member.participation_id, lane_then);
        end if;
        perform append_event_v1(ctx, 'change_member', jsonb_build_object(
            'participant', member.actor, 'lane', lane_then, 'is_admin', role_then = 'lead'));
    end if;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'actor', member.actor, 'role', role_then, 'lane', lane_then));
end $$;
