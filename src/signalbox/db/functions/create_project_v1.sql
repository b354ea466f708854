-- A project, its ledger, and its owner in it as a lead: the bare handle is an address from the first moment.
-- Asked for again it answers the one that is there. An owner's projects are made one after the other, so that they can
-- be counted.
create function create_project_v1(owner bigint, project_name text, out project bigint, out participation bigint)
language plpgsql as $$
declare
    owner_participant bigint;
begin
    perform from owners o where o.owner_id = owner for no key update;
    insert into participants (owner_id, label, kind)
    values (owner, '', 'human')
    on conflict on constraint participants_label_key do nothing;
    select a.participant_id into owner_participant
    from participants a
    where a.owner_id = owner and a.label = '';
    select j.project_id into project
    from projects j
    where j.owner_id = owner and j.name = project_name and j.deleted_at is null;
    if project is null then
        if (select count(*) from projects j where j.owner_id = owner and j.deleted_at is null) >= 200 then
            perform refuse_v1(429, 'you have 200 projects, the most an owner can have: delete one first');
        end if;
        insert into projects (owner_id, name) values (owner, project_name) returning project_id into project;
        perform set_config('signalbox.project_ids', project::text, true);
        insert into ledgers (project_id) values (project);
        insert into participations (project_id, participant_id, role)
        values (project, owner_participant, 'lead');
    end if;
    select p.participation_id into participation
    from participations p
    where p.project_id = project and p.participant_id = owner_participant;
end $$;
