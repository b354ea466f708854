-- A project of :total posts with words in them, written past the functions. Words are as frequent as words are (the
-- n-th most frequent one has a share of 1/n), 40 a post; some are put in on purpose: deploy in every other post,
-- rollback in the others, both in one of 100,003; retried in every fifth, kumquat in one of 1,000, zebra in three.
-- Runs with :project, :author and :actor put in by the caller.

create temporary table words_of_bulk as
select d.n, string_agg('w' || translate(floor(exp(random() * ln(40000)))::text, '0123456789', 'abcdefghij'), ' ') as words
from generate_series(1, least(:total, 20000)) d (n), generate_series(1, 40)
group by d.n;
create unique index on words_of_bulk (n);

insert into posts
    (project_id, post_id, seq, author_id, author, to_lane, subject, body, ref, tag, created_at, acked_at, reply_to,
        thread_id)
select
    :project, d.n, d.n, :author, ':actor', 'lane-' || d.n % 8, case when d.n % 3 = 0 then 'about ' || left(w.words, 40) end,
    concat_ws(' ',
        case d.n % 2 when 0 then 'deploy' else 'rollback' end,
        case when d.n % 100003 = 0 then 'deploy and rollback' end,
        case when d.n % 5 = 0 then 'retried' end,
        case when d.n % 1000 = 0 then 'kumquat' end,
        case when d.n in (3, :total / 2, :total - 3) then 'zebra' end,
        case when d.n % 3 = 0 then 'see src/module' || d.n % 500 || '/app.py:' || d.n end,
        w.words, left(v.words, (d.n % 7 * 30)::integer)),
    'PR-' || d.n / 20, 'tag-' || d.n % 50,
    date_trunc('milliseconds', clock_timestamp()) - make_interval(secs => (:total - d.n) * 2), clock_timestamp(),
    case when (d.n - 1) % 4 > 0 then d.n - 1 end, d.n - (d.n - 1) % 4
from generate_series(1, :total) d (n)
join words_of_bulk w on w.n = d.n % least(:total, 20000) + 1
join words_of_bulk v on v.n = d.n / 7 % least(:total, 20000) + 1
order by d.n;

insert into events (project_id, seq, at, participation_id, actor, type, payload, ref, tag, post_id)
select p.project_id, p.seq, p.created_at, p.author_id, p.author, 'post', jsonb_strip_nulls(jsonb_build_object(
    'post_id', p.post_id, 'to_lane', p.to_lane, 'subject', p.subject, 'ref', p.ref, 'tag', p.tag,
    'thread_id', nullif(p.thread_id, p.post_id))), p.ref, p.tag, p.post_id
from posts p
where p.project_id = :project
order by p.seq;

update ledgers set head = :total, last_at = clock_timestamp(), post_head = :total where project_id = :project;
update search_progress set seq = 0 where project_id = :project;
delete from search_entries where project_id = :project;

drop table words_of_bulk;
