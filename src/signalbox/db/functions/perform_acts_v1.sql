-- Several acts of one project in one transaction, in order: one commit, one round trip. Nearly always none of them is
-- refused, and they are performed together, in one subtransaction. When one is, they start over, each in a
-- subtransaction of its own, so that it undoes nothing of its neighbours; and each takes the head lock in it: taken out
-- here, every update below would need a multixact. What an act says no with is answered like an error of the driver,
-- field by field. An act's statements have one sensible plan each, so none is planned anew.
create function perform_acts_v1(project bigint, acts jsonb)
returns table (answer jsonb, state text, message text, detail text, rule text)
language plpgsql set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    one jsonb;
    answers jsonb[];
begin
    perform set_config('signalbox.project_ids', project::text, true);
    if jsonb_array_length(acts) > 1 then
        begin
            answers := perform_together_v1(project, acts);
        exception when others then
            answers := null;  -- which of them it was is found out below
        end;
        if answers is not null then
            return query
            select a.answer, null::text, null::text, null::text, null::text
            from unnest(answers) with ordinality as a (answer, place)
            order by a.place;
            return;
        end if;
    end if;
    for one in select value from jsonb_array_elements(acts) loop
        answer := null;
        state := null;
        message := null;
        detail := null;
        rule := null;
        begin
            if one ->> 'session' is not null then
                perform session_holds_v1(project, decode(one ->> 'session', 'hex'));
            end if;
            answer := perform_v1(
                (project, (one ->> 'participation_id')::bigint, decode(one ->> 'token_hash', 'hex'), one ->> 'tool',
                    one ->> 'key', decode(one ->> 'arguments_hash', 'hex'))::act_ref,
                one -> 'given');
        exception when others then
            get stacked diagnostics
                state = returned_sqlstate,
                message = message_text,
                detail = pg_exception_detail,
                rule = constraint_name;
        end;
        return next;
    end loop;
end $$;
