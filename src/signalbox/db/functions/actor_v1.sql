-- The name that a participation of the project has now.
create function actor_v1(ctx act_context, participation bigint) returns text stable language plpgsql as $$
begin
    return (
        select m.actor
        from members m
        where m.project_id = ctx.project_id and m.participation_id = participation
    );
end $$;
