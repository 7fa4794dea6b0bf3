-- Where a member is written to, for those who send mail: last, because a view's columns keep their order.
create or replace view tenant_people with (security_invoker = true) as
    select tenant_id, id as membership_id, display_name, status, contact_email from memberships;
