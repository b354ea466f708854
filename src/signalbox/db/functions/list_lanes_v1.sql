-- The lanes that a participant may know of, by name: those that somebody has configured, those that somebody is in, and
-- those that were posted to; or only one of them. Names are read off the ends of indexes, one after the other, so that a
-- lane costs the same however much was said in it; of all lanes, because along what is hidden there is no end of an
-- index. Which are hidden is decided here, lane by lane.
create function list_lanes_v1(project bigint, participation bigint, after text, single text, page_size integer)
returns table (
    lane text, access text, description text, members bigint, joined boolean, invited boolean, maker text
) language plpgsql as $$
#variable_conflict use_column
declare
    seen_before text := see_lanes_v1('*');
    known text[] := nullif(seen_before, '')::text[];
    place text := after;
    found lanes;
    is_inside boolean;
begin
    for looked in 1..10000 loop
        exit when page_size <= 0 or place = single;
        place := case
            when single is null then least(
                (select l.lane from lanes l where l.project_id = project and l.lane > place order by l.lane limit 1),
                (
                    select m.lane
                    from lane_members m
                    where m.project_id = project and m.lane > place
                    order by m.lane
                    limit 1
                ),
                (
                    select p.to_lane
                    from posts p
                    where p.project_id = project and p.to_lane > place
                    order by p.to_lane
                    limit 1
                ),
                (select a.lane from post_lanes a where a.project_id = project and a.lane > place order by a.lane limit 1)
            )
            when exists (select from lanes l where l.project_id = project and l.lane = single)
                or exists (select from lane_members m where m.project_id = project and m.lane = single)
                or exists (select from posts p where p.project_id = project and p.to_lane = single)
                or exists (select from post_lanes a where a.project_id = project and a.lane = single)
                then single
        end;
        exit when place is null;
        select * into found from lanes l where l.project_id = project and l.lane = place;
        is_inside := coalesce(place = any(known), false);
        lane := place;
        access := coalesce(found.access, 'open');
        joined := exists (
            select
            from lane_members m
            where m.project_id = project and m.lane = place and m.participation_id = participation
        );
        invited := exists (
            select
            from lane_invitations i
            where i.project_id = project and i.lane = place and i.participation_id = participation
        );
        -- Without a row, ~ is in no lane of now: what has it is as if it were not there.
        continue when position('~' in place) > 0 and not (found.access = 'secret' and (is_inside or invited));
        description := null;
        members := null;
        maker := null;
        if access = 'open' or is_inside then
            description := found.description;
            members := (select count(*) from lane_members m where m.project_id = project and m.lane = place);
            maker := (
                select m.actor
                from members m
                where m.project_id = project and m.participation_id = found.created_by
            );
        end if;
        page_size := page_size - 1;
        return next;
    end loop;
    perform see_lanes_v1(seen_before);
end $$;
