-- As long as a table has no statistics, PostgreSQL takes an index of all posts that has post_id in it, wherever, for as
-- good as the key, and walks through it to find one post. An index of some posts cannot be taken for that.
drop index posts_by_thread;
create index posts_by_thread on posts (project_id, thread_id, post_id) where reply_to is not null;
