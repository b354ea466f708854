drop trigger keep_label on participants;
drop view present;
