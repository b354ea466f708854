-- The open leases that overlap a surface, in no order: with one, a young table would be walked by its key, past every
-- lease there ever was. Names are found by index (the surface itself, what lies below it, what lies above it); globs,
-- which are few, are looked at one by one.
create function overlapping_leases_v1(project bigint, wanted text, at timestamptz)
returns setof leases stable language plpgsql as $$
declare
    fixed_part text collate "C" := substring(wanted from '^[^*?]*');
    parts text[] := string_to_array(fixed_part, '/');
    above text[] := array(
        select array_to_string(parts[1:depth], '/') from generate_series(1, cardinality(parts) - 1) as depth
    );
begin
    return query
    select *
    from leases l
    where l.project_id = project
        and l.released_at is null
        and l.expires_at > at
        and (
            (not l.is_glob and l.surface >= fixed_part and l.surface < fixed_part || chr(1114111))
            or (not l.is_glob and l.surface = any(above))
            or (l.is_glob and (starts_with(l.fixed, fixed_part) or starts_with(fixed_part, l.fixed)))
        )
        and surfaces_overlap_v1(l.surface, wanted);
end $$;
