-- A new owner with its first handle. The current handles are taken before all handles, as in change_handle_v1, so
-- that two who want one wait for each other and never in a circle. The first owner that the machine's own commands
-- make while nobody operates the server does; who signs up never does.
create function create_owner_v1(new_email text, wanted text, may_operate boolean)
returns table (owner_id bigint, handle text, email text) language plpgsql as $$
#variable_conflict use_column
declare
    made owners;
    broken text;
begin
    if may_operate then
        perform pg_advisory_xact_lock(5317049);
    end if;
    begin
        insert into owners (handle, email, is_operator)
        values (wanted, new_email, may_operate and not exists (select 1 from owners o where o.is_operator))
        returning * into made;
        insert into handles (handle, owner_id) values (wanted, made.owner_id);
    exception when unique_violation then
        get stacked diagnostics broken = constraint_name;
        if broken not in ('owners_handle_key', 'handles_pkey') then
            raise;
        end if;
        perform refuse_v1(409, 'this handle is taken: choose another',
            jsonb_build_object('handle', wanted, 'suggestions', free_handles_v1(wanted)));
    end;
    return query select made.owner_id, made.handle, made.email;
end $$;
