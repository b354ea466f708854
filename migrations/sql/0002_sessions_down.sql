drop table ended_sessions;
drop table server_keys;
