-- Imports. Rows come by COPY into temporary tables of their session, as COPY cannot write where row-level security holds; a
-- function takes them on from there, a block in each transaction. Two imports at once share nothing.
do $$
begin
  execute format('grant temporary on database %I to madansara_app', current_database());
end
$$;

-- A person without an id is found by an address.
create index contacts_by_address on contacts (tenant_id, channel, provider, address);

-- Stores the events in pg_temp.import_events, whose message ids must differ. Gives how many were new. The locks are those of
-- ingest_events, in the same order; the months must have been made before, in a transaction of their own, so that their lock is short.
create function store_imported_events(wanted uuid) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  added integer;
  has_aliases boolean;
begin
  perform enter_living_tenant(wanted);
  perform hold_users(wanted, false);
  has_aliases := exists (select from user_aliases where tenant_id = wanted);
  with fresh as (
    insert into event_ids (tenant_id, message_id)
    select wanted, message_id from pg_temp.import_events order by message_id collate "C"
    on conflict do nothing
    returning message_id),
  stored as (
    insert into events (tenant_id, occurred_at, message_id, user_id, event, properties, revenue_minor, currency)
    select wanted, to_timestamp(i.occurred_at_ms / 1000), i.message_id,
      coalesce(case when has_aliases then (select user_id from user_aliases where tenant_id = wanted and alias_id = i.user_id) end, i.user_id),
      i.event, i.properties, i.revenue_minor, i.currency
    from pg_temp.import_events i
    join fresh f on f.message_id = i.message_id
    returning user_id, occurred_at),
  seen as (
    select user_id, min(occurred_at) as first_seen, max(occurred_at) as last_seen, count(*) as events from stored group by user_id),
  touched as (
    insert into users (tenant_id, user_id, first_seen, last_seen)
    select wanted, s.user_id, s.first_seen, s.last_seen
    from seen s
    order by s.user_id collate "C"
    on conflict (tenant_id, user_id) do update set
      first_seen = least(users.first_seen, excluded.first_seen),
      last_seen = greatest(users.last_seen, excluded.last_seen),
      updated_at = now()
    where users.last_seen is null or excluded.last_seen > users.last_seen or excluded.first_seen < users.first_seen)
  select coalesce(sum(events), 0) into added from seen;
  return added;
end
$$;

-- Whether what is said of consent replaces what is known. The later answer counts; of two of one time, the refusal. A refusal
-- without a date may be later than any consent, and a consent without a date earlier than any refusal.
create function consent_outranks(said text, said_at timestamptz, known text, known_at timestamptz) returns boolean
  language sql immutable
as $$
  select said is not null and (known is null or
    (coalesce(said_at, case said when 'denied' then 'infinity' else '-infinity' end::timestamptz), said = 'denied')
    > (coalesce(known_at, case known when 'denied' then 'infinity' else '-infinity' end::timestamptz), known = 'denied'))
$$;

-- Who has an address: the user that is called by it, else the one who had it first, else a new user that is called by it.
create function user_of_address(wanted uuid, wanted_channel text, wanted_provider text, wanted_address text) returns text
  language sql stable set search_path = madansara_analytics
as $$
  select coalesce(
    (select user_id from users where tenant_id = wanted and user_id = called),
    (select user_id from contacts where tenant_id = wanted and channel = wanted_channel and provider = wanted_provider and address = wanted_address
     order by contact_id limit 1),
    called)
  from resolve_user(wanted, case when wanted_provider = '' then wanted_address else wanted_provider || ':' || wanted_address end) called
$$;

-- Stores the people in pg_temp.import_people: users, traits, contacts and consent. Gives how many rows changed anything.
--   contacts  [[channel, provider, address, verified at, consent, its source, its time], ...], times in ms since 1970; the first says
--             who it is where there is no user_id
create function store_imported_people(wanted uuid) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  changed_rows integer;
begin
  perform enter_living_tenant(wanted);
  perform hold_users(wanted, false);
  update pg_temp.import_people set resolved =
    case when user_id is null then user_of_address(wanted, contacts->0->>0, contacts->0->>1, contacts->0->>2) else resolve_user(wanted, user_id) end;

  with told as (
    select p.resolved as user_id,
      coalesce(jsonb_object_agg(t.key, t.value order by p.n) filter (where t.key is not null), '{}') as traits,
      (array_agg(p.time_zone order by p.n desc) filter (where p.time_zone is not null))[1] as time_zone
    from pg_temp.import_people p
    left join lateral jsonb_each(p.traits) t on true
    group by 1),
  touched as (
    insert into users (tenant_id, user_id, traits, time_zone)
    select wanted, t.user_id, t.traits, t.time_zone
    from told t
    left join lateral (select u.* from users u where u.tenant_id = wanted and u.user_id = t.user_id limit 1) u on true
    where u.user_id is null or u.traits || t.traits <> u.traits or t.time_zone <> coalesce(u.time_zone, '')
    order by t.user_id collate "C"
    on conflict (tenant_id, user_id) do update set
      traits = users.traits || excluded.traits,
      time_zone = coalesce(excluded.time_zone, users.time_zone),
      updated_at = now()
    returning user_id)
  update pg_temp.import_people p set changed = true from touched t where p.resolved = t.user_id;

  with said as (
    select p.resolved as user_id, c->>0 as channel, c->>1 as provider, c->>2 as address, to_timestamp((c->>3)::double precision / 1000) as verified_at,
      c->>4 as consent, c->>5 as consent_source, to_timestamp((c->>6)::double precision / 1000) as consent_at, p.n
    from pg_temp.import_people p, jsonb_array_elements(p.contacts) c),
  strongest as (
    select distinct on (user_id, channel, provider, address) user_id, channel, provider, address, consent, consent_source, consent_at,
      min(verified_at) over (partition by user_id, channel, provider, address) as verified_at
    from said
    order by user_id, channel, provider, address, consent is null,
      coalesce(consent_at, case consent when 'denied' then 'infinity' else '-infinity' end::timestamptz) desc, consent = 'denied' desc, n desc),
  told as (
    insert into contacts (tenant_id, user_id, channel, provider, address, verified_at, consent, consent_source, consent_at)
    select wanted, s.user_id, s.channel, s.provider, s.address, s.verified_at, s.consent, s.consent_source, s.consent_at
    from strongest s
    left join lateral (
      select k.* from contacts k where k.tenant_id = wanted and k.user_id = s.user_id and k.channel = s.channel and k.provider = s.provider
        and k.address = s.address limit 1) k on true
    where k.contact_id is null or s.verified_at < coalesce(k.verified_at, 'infinity')
      or consent_outranks(s.consent, s.consent_at, k.consent, k.consent_at)
    order by 2, 3, 4, 5
    on conflict (tenant_id, user_id, channel, provider, address) do update set
      verified_at = least(contacts.verified_at, excluded.verified_at),
      (consent, consent_source, consent_at) = (
        select case when newer then excluded.consent else contacts.consent end,
          case when newer then excluded.consent_source else contacts.consent_source end,
          case when newer then excluded.consent_at else contacts.consent_at end
        from consent_outranks(excluded.consent, excluded.consent_at, contacts.consent, contacts.consent_at) newer),
      updated_at = now()
    returning user_id)
  update pg_temp.import_people p set changed = true from told t where p.resolved = t.user_id and not p.changed;

  select count(*) filter (where changed) into changed_rows from pg_temp.import_people;
  return changed_rows;
end
$$;
