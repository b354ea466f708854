-- Whether a participant wishes to be neither seen nor addressed.
create function is_ghost_v1(project bigint, participation bigint) returns boolean stable language plpgsql as $$
begin
    return coalesce(
        (
            select p.visibility = 'ghost'
            from presence p
            where p.project_id = project and p.participation_id = participation
        ),
        false
    );
end $$;
