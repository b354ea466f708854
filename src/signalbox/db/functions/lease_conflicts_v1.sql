-- The open leases of others that a hold of a surface would collide with: shared ones get along with each other.
create function lease_conflicts_v1(
    project bigint, holder bigint, wanted text, wanted_mode text, at timestamptz
)
returns setof leases stable language plpgsql as $$
begin
    return query
    select *
    from overlapping_leases_v1(project, wanted, at) l
    where l.participation_id <> holder and not (l.mode = 'shared' and wanted_mode = 'shared');
end $$;
