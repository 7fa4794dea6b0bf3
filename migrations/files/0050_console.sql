-- Operators see how much room each tenant's files take.
create policy platform on files_totals to atelier_platform using (true) with check (true);
grant select on files_totals to atelier_platform;
