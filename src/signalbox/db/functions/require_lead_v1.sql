-- Roles are read at every act, under the lock: a lead who was demoted a moment ago is refused.
create function require_lead_v1(ctx act_context, what text) returns void language plpgsql as $$
begin
    if ctx.role <> 'lead' then
        perform refuse_v1(403, format('only a lead may %s: ask one (list_participants shows is_admin)', what));
    end if;
end $$;
