-- What is kept of posts stays; it says nothing to the release before.
drop table agendas;
drop table deadlines;
drop table post_lanes;
drop index posts_open;
create index posts_open on posts (project_id, post_id) where acked_at is null;
drop index posts_open_by_lane;
create index posts_open_by_lane on posts (project_id, to_lane, post_id)
    where to_lane is not null and acked_at is null;
drop index posts_by_kind;
alter table posts drop constraint posts_kind_known;
alter table posts drop constraint posts_urgency_known;
