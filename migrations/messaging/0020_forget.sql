-- Mail to a reader whose identity is removed goes with it: a tenant finds what it wrote to an address, and deletes it.
create index mail_messages_to_address_idx on mail_messages (tenant_id, lower(to_address));

create policy tenant_finds on mail_messages for select to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy tenant_forgets on mail_messages for delete to atelier_tenant
    using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
-- What it looks for, and nothing of what the mail says.
grant select (tenant_id, template, to_address), delete on mail_messages to atelier_tenant;
