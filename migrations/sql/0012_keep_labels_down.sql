drop trigger keep_label on participants;
