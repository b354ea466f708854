-- Makes a lane, changes who may see it or what it says it is for, lets participants in and takes them out. Its maker may,
-- and a lead who is in it; any member of a closed lane may invite. A secret lane is made with a name that nobody guesses.
create function configure_lane_v1(
    act act_ref, lane_name text, new_access text, new_description text, invite text[], remove text[]
)
returns jsonb language plpgsql as $$
declare
    ctx act_context := begin_act_v1(act);
    lane lanes;
    guest bigint;
    guests bigint[];
    invited text[];
    leaving bigint[];
    removed text[];
begin
    if ctx.replay is not null then
        return ctx.replay;
    end if;
    if new_access = 'secret' and position('~' in lane_name) = 0 then
        lane := make_lane_v1(
            ctx, lane_name || '~' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 6), 'secret');
    else
        perform closed_lane_v1(ctx, lane_name);
        select * into lane from lanes l where l.project_id = ctx.project_id and l.lane = lane_name;
    end if;
    if lane.lane is null and (new_access is not null or new_description is not null) then
        lane := make_lane_v1(ctx, lane_name, coalesce(new_access, 'open'));
    end if;
    if new_access <> lane.access then
        lane := shut_lane_v1(ctx, lane, new_access);
    end if;
    if new_description is not null and nullif(new_description, '') is distinct from lane.description then
        perform may_shape_lane_v1(ctx, lane, lane.lane, 'say what it is for');
        update lanes l
        set description = nullif(new_description, '')
        where l.project_id = ctx.project_id and l.lane = lane.lane;
        perform append_event_v1(ctx, 'configure_lane', jsonb_build_object(
            'lane', lane.lane, 'description', new_description,
            'closed_lane', case when lane.access <> 'open' then lane.lane end));
    end if;
    select r.named, r.actors into guests, invited from resolve_actors_v1(ctx.project_id, invite, false) r;
    foreach guest in array coalesce(guests, '{}') loop
        perform invite_to_lane_v1(ctx, lane, guest);
    end loop;
    select r.named, r.actors into leaving, removed from resolve_actors_v1(ctx.project_id, remove, false) r;
    foreach guest in array array(select l.guest from unnest(leaving) l (guest) order by l.guest) loop
        perform remove_from_lane_v1(ctx, lane, coalesce(lane.lane, lane_name), guest);
    end loop;
    return finish_act_v1(act, ctx, jsonb_build_object(
        'lane', coalesce(lane.lane, lane_name), 'access', coalesce(lane.access, 'open'), 'invited', invited,
        'removed', removed));
end $$;
