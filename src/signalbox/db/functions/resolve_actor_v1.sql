-- A name as callers write it -> the member of the project that can be addressed by it; `removed_too`: that it is or
-- was, to look for what it did. See named_member_v1.
create function resolve_actor_v1(project bigint, name text, removed_too boolean default false)
returns members stable language plpgsql as $$
begin
    return named_member_v1(project, name, removed_too, removed_too);
end $$;
