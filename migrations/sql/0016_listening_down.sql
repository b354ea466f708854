drop table listening_sessions;
