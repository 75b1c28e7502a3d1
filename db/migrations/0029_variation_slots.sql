-- Steps of campaigns that show the arms of a test: which message it was that somebody's exposure led to.

create table test_slots (
  tenant_id uuid not null,
  test_id bigint not null,
  user_id text not null,
  campaign_id bigint not null,
  entry integer not null,
  step_key smallint not null,
  channel text not null,
  primary key (tenant_id, test_id, user_id),
  foreign key (tenant_id, test_id) references ab_tests (tenant_id, id)
);
create index test_slots_by_user on test_slots (user_id, tenant_id);
select isolate_by_tenant('test_slots');

-- Reads from the ledger what became of the messages that a test's exposures led to, and keeps it as results. To be called before
-- gather_outcomes, which notes up to when all was read. Gives how many were new.
create function gather_slots(wanted uuid, test bigint, until timestamptz) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  t ab_tests;
  users text[];
begin
  perform enter_tenant(wanted);
  -- Of a test that no step shows there is nothing to read. Nearly all are such.
  if not exists (select from test_slots s where s.tenant_id = wanted and s.test_id = test) then return 0; end if;
  perform hold_users(wanted, false);
  perform hold_results(wanted, test);
  select * into t from ab_tests where tenant_id = wanted and id = test;
  with open as materialized (
    select s.user_id, e.variation_id, e.exposed_at, least(until, e.exposed_at + t.conversion_window) as closes,
      s.campaign_id, s.entry, s.step_key, s.channel
    from test_slots s
    cross join lateral (
      select e.variation_id, e.exposed_at from ab_test_exposures e
      where e.tenant_id = wanted and e.test_id = test and e.user_id = s.user_id limit 1) e
    where s.tenant_id = wanted and s.test_id = test and e.exposed_at < until
      and (t.gathered_until is null or e.exposed_at + t.conversion_window + interval '1 day' > t.gathered_until)),
  done as (
    -- Whatever became of the message came after the exposure, whatever a provider's clock says: some tell whole seconds.
    select o.user_id, o.variation_id, k.kind, greatest(k.at, o.exposed_at) as at, k.by_machine, m.message_id
    from open o
    cross join lateral (
      select m.* from messages m
      where m.user_id = o.user_id and m.tenant_id = wanted and m.campaign_id = o.campaign_id and m.entry = o.entry and m.step_key = o.step_key
        and m.channel = o.channel limit 1) m
    cross join lateral (
      select * from (values ('sent', m.sent_at, false), ('opened', m.opened_at, false), ('opened', m.machine_opened_at, true),
        ('clicked', m.clicked_at, false), ('replied', m.replied_at, false)) v(kind, at, by_machine)
      union all
      select p.kind, p.occurred_at, false from provider_events p
      where p.tenant_id = wanted and p.message_id = m.message_id and p.kind in ('unsubscribed', 'complained', 'bounced')) k
    where k.at < o.closes),
  stored as (
    insert into ab_test_results (tenant_id, test_id, variation_id, user_id, event_type, timestamp, outcome_id, is_machine)
    select wanted, test, d.variation_id, d.user_id, d.kind, d.at,
      'message ' || d.message_id || ' ' || d.kind || case when d.by_machine then ' by a machine' else '' end, d.by_machine
    from done d order by d.message_id, d.kind, d.at
    on conflict (tenant_id, test_id, outcome_id) do nothing
    returning user_id)
  select array_agg(user_id) into users from stored;
  if users is not null then perform recount_exposures(wanted, test, users); end if;
  return coalesce(cardinality(users), 0);
end
$$;

-- Of two who become one and are in the same test, the target's message is looked at.
alter function merge_elsewhere(uuid, text, text) rename to merge_all_but_slots;
create function merge_elsewhere(wanted uuid, source text, target text) returns void
  language sql set search_path = madansara_analytics
as $$
  delete from test_slots s where s.user_id = $2 and s.tenant_id = wanted and exists (
    select from test_slots t where t.tenant_id = wanted and t.test_id = s.test_id and t.user_id = $3);
  update test_slots s set user_id = $3 where s.user_id = $2 and s.tenant_id = wanted;
  select merge_all_but_slots(wanted, source, target);
$$;
alter function forget_elsewhere(uuid, text) rename to forget_all_but_slots;
create function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  delete from test_slots s where s.user_id = $2 and s.tenant_id = wanted;
  select forget_all_but_slots(wanted, person);
$$;

select plan_by_look_ups('gather_slots'::regproc::regprocedure);
