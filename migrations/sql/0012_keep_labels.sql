create trigger keep_label after insert or update of label on participants
    for each row execute function keep_label_v1();
