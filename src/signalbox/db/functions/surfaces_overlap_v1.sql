-- Whether two surfaces can mean the same file. A surface without * or ? also holds what lies below it, as a
-- directory does: other names, and globs whose fixed beginning lies there. (That `README.md` could be a directory
-- with files that `**/*.py` fits is not taken for an overlap.) * and ? stay within one name, ** spans directories;
-- every other character, [ and { too, stands for itself.
create function surfaces_overlap_v1(a text, b text) returns boolean immutable language plpgsql as $$
begin
    return a = b
        or (a !~ '[*?]' and starts_with(b, a || '/'))
        or (b !~ '[*?]' and starts_with(a, b || '/'))
        or ((a ~ '[*?]' or b ~ '[*?]') and globs_meet_v1(a, b));
end $$;
