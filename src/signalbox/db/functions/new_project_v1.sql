-- A project of a name that none of the owner's has.
create function new_project_v1(owner bigint, project_name text, out project bigint, out participation bigint)
language plpgsql as $$
begin
    perform from owners o where o.owner_id = owner for no key update;
    if exists (
        select 1 from projects j where j.owner_id = owner and j.name = project_name and j.deleted_at is null
    ) then
        perform refuse_v1(409, 'there is a project of this name already: choose another',
            jsonb_build_object('name', project_name));
    end if;
    select c.project, c.participation into project, participation from create_project_v1(owner, project_name) c;
end $$;
