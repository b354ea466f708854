-- What is kept of posts stays; it says nothing to the release before.
drop table agendas;
drop table deadlines;
drop table post_lanes;
alter table posts drop constraint posts_kind_known;
alter table posts drop constraint posts_urgency_known;
