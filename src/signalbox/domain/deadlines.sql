-- name: keep_deadlines
-- The project that has waited longest, a few posts of it; see the function.
select k.project_id, k.posts from keep_deadlines_v1(:posts_max) k limit 1;
