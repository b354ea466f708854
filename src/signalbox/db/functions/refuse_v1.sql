-- Ends the transaction with a refusal. The SQLSTATE is 'SB' and the refusal's HTTP status; the detail
-- is its state as JSON. Both are read by signalbox.db.violations.
create function refuse_v1(status integer, message text, state jsonb default '{}')
returns void language plpgsql as $$
begin
    raise exception using errcode = 'SB' || status, message = message, detail = state::text;
end $$;
