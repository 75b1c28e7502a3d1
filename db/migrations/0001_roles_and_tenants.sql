-- Two roles, shared by every database of the cluster: the application, held by row-level security, and the owner of the
-- few look-ups that must be made before a tenant is known.
do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values ('madansara_app', 'nologin nobypassrls'), ('madansara_lookup', 'nologin bypassrls')) as r(name, options)
  loop
    begin
      if not exists (select from pg_roles where rolname = wanted.name) then
        execute format('create role %I %s', wanted.name, wanted.options);
      end if;
    exception
      when duplicate_object or unique_violation then null; -- another database of this cluster is being migrated too
    end;
  end loop;
end
$$;

grant usage on schema madansara_analytics to madansara_app, madansara_lookup;

-- The tenant of this transaction. After a transaction the setting is '' rather than null, hence nullif.
create function current_tenant() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('app.tenant_id', true), '')::uuid;

-- Every tenant table is isolated in the same words. The select makes the planner read the setting once, not once a row.
create function isolate_by_tenant(target regclass, privileges text default 'select, insert, update, delete') returns void
  language plpgsql
as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy tenant_isolation on %s using (tenant_id = (select madansara_analytics.current_tenant()))', target);
  execute format('grant %s on %s to madansara_app', privileges, target);
end
$$;

-- A bulk function sets the tenant itself, in one round trip, and refuses to change the one of a running transaction.
create function enter_tenant(wanted uuid) returns void
  language plpgsql
as $$
begin
  if madansara_analytics.current_tenant() is distinct from wanted then
    if madansara_analytics.current_tenant() is not null then
      raise exception 'this transaction belongs to another tenant' using errcode = 'insufficient_privilege';
    end if;
    perform set_config('app.tenant_id', wanted::text, true);
  end if;
end
$$;

create table tenants (
  tenant_id uuid primary key,
  name text not null check (length(name) between 1 and 255),
  time_zone text not null default 'UTC',
  currency text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
  -- name -> {event, filters, windowDays}
  goals jsonb not null default '{"convert_to_paid": {"event": "purchase", "filters": {}, "windowDays": 30}}',
  -- what a tenant may pin: {"segments": {"k": 5}}
  settings jsonb not null default '{}',
  -- how far En Garde's responses have been read
  responses_cursor text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
select isolate_by_tenant('tenants');

create function list_tenant_ids() returns setof uuid
  language sql stable security definer set search_path = madansara_analytics
  begin atomic
    select tenant_id from madansara_analytics.tenants order by tenant_id;
  end;
grant select on tenants to madansara_lookup;
alter function list_tenant_ids() owner to madansara_lookup;
