drop table sign_ups;
drop table sign_in_flows;
drop table owner_identities;
drop table sign_in_links;
drop table admin_sessions;
