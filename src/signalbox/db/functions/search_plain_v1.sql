-- Text as search takes it apart: into words and numbers only. PostgreSQL's parser would keep src/app.py as one file
-- name, v1.2 as a version, PR-12 as a word and a negative number, and drop <tags>. Each sign becomes one space, so that
-- a place in the answer is the same place in the text.
create function search_plain_v1(written text) returns text immutable parallel safe language sql as $$
    select translate(written, E'<>/.-:@#=&+?%~\\\x02\x03', '                 ')
$$;
