-- What in-app messages leave with a user: a list that the tenant's page or app shows.

-- How far a user's list has come. The row is locked until what was added is committed, so that numbers are seen in their order: whoever
-- has seen the fifth has seen the four before it.
create table inboxes (
  tenant_id uuid not null references tenants,
  user_id text not null,
  last_seq bigint not null,
  primary key (tenant_id, user_id)
);
select isolate_by_tenant('inboxes');

create table inbox_items (
  tenant_id uuid not null,
  user_id text not null,
  seq bigint not null, -- counts the user's items, and never goes back
  message_id bigint not null,
  title text not null check (title <> ''),
  body text not null,
  action_url text,
  data jsonb not null default '{}',
  created_at timestamptz not null,
  seen_at timestamptz, -- it was on the screen
  read_at timestamptz, -- it was opened
  interacted_at timestamptz, -- its action was taken
  archived_at timestamptz, -- it was put away: it is not listed or counted any more
  primary key (tenant_id, user_id, seq),
  foreign key (tenant_id, user_id) references inboxes (tenant_id, user_id) on delete cascade,
  foreign key (tenant_id, message_id) references messages (tenant_id, message_id)
);
create unique index inbox_items_once on inbox_items (message_id, tenant_id); -- not the tenant first: see messages
select isolate_by_tenant('inbox_items');

-- Tells the API's processes whose lists have changed. What is said is no id of a person: everybody who has a login may hear it.
create function announce_inboxes(wanted uuid, people text[]) returns void
  language sql set search_path = madansara_analytics
as $$
  select pg_notify('madansara_inbox', string_agg(t.topic, ','))
  from (
    select substr(encode(sha256(convert_to(wanted || '/' || p.person, 'UTF8')), 'hex'), 1, 16) as topic, (p.n - 1) / 400 as part
    from unnest(people) with ordinality p(person, n)) t
  group by t.part
$$;

-- An inbox is the user's own, and needs no contact. Its address is their id, in hex: two ids may differ in case alone.
alter function address_of(uuid, text, text) rename to contact_of;
create function address_of(wanted uuid, over text, person text) returns table (address text, consent text)
  language sql stable
as $$
  select encode(convert_to(person, 'UTF8'), 'hex'), null where over = 'in_app'
  union all
  select c.address, c.consent from madansara_analytics.contact_of(wanted, over, person) c where over <> 'in_app'
$$;

-- Puts messages of a call into their users' lists: [[message_id, title, body, action_url, data], ...]. The call begins, the items are
-- there and the messages are delivered in one transaction, so that nothing of it is ever half done or uncertain. Gives what has become
-- of each message; nothing at all where somebody has found the call abandoned. Twice is once.
-- Locks are taken in the order of the ledger, and those of inboxes, in the order of users, between calls and campaigns.
create function deliver_to_inboxes(wanted uuid, call uuid, items jsonb, key bytea, at timestamptz)
  returns table (message_id bigint, status text, reason text, due_at timestamptz)
  language plpgsql set search_path = madansara_analytics
as $$
#variable_conflict use_column
declare
  own bigint[] := '{}';
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  for message_id, status, reason, due_at in
    select b.* from begin_call(wanted, call, array(select (x->>0)::bigint from jsonb_array_elements(items) x), key, at) b
  loop
    if status = 'claimed' then own := own || message_id; else return next; end if;
  end loop;
  if own = '{}' then return; end if;

  perform add_inbox_items(wanted, own, items, at);
  perform take_provider_events(wanted, 'madansara', (
    select jsonb_agg(jsonb_build_array('delivered/' || o.id, o.id, 'delivered', extract(epoch from at) * 1000)) from unnest(own) o(id)));
  return query
  select m.message_id, m.status, m.reason, m.due_at
  from unnest(own) o(id)
  cross join lateral (select m.* from messages m where m.tenant_id = wanted and m.message_id = o.id limit 1) m;
end
$$;

-- Adds the items of some messages, which are locked, to the lists of whoever these messages are for now.
create function add_inbox_items(wanted uuid, ids bigint[], items jsonb, at timestamptz) returns void
  language plpgsql set search_path = madansara_analytics
as $$
declare
  people text[];
begin
  with fresh as materialized (
    select m.user_id, m.message_id, x->>1 as title, x->>2 as body, x->>3 as action_url, x->4 as data,
      row_number() over (partition by m.user_id order by m.message_id) as nth, count(*) over (partition by m.user_id) as of_them
    from jsonb_array_elements(items) x
    cross join lateral (
      select m.user_id, m.message_id from messages m where m.tenant_id = wanted and m.message_id = (x->>0)::bigint limit 1) m
    where m.message_id = any (ids)),
  counted as (
    insert into inboxes as i (tenant_id, user_id, last_seq)
    select wanted, f.user_id, count(*) from fresh f group by f.user_id order by f.user_id collate "C"
    on conflict (tenant_id, user_id) do update set last_seq = i.last_seq + excluded.last_seq
    returning i.user_id, i.last_seq),
  added as (
    insert into inbox_items (tenant_id, user_id, seq, message_id, title, body, action_url, data, created_at)
    select wanted, f.user_id, c.last_seq - f.of_them + f.nth, f.message_id, f.title, f.body, f.action_url, f.data, at
    from fresh f join counted c on c.user_id = f.user_id)
  select array_agg(c.user_id) into people from counted c;
  perform announce_inboxes(wanted, people);
end
$$;

-- When a user did that with an item: seen, read, interacted or archived.
create function marked_at(item inbox_items, mark text) returns timestamptz
  language sql immutable
as $$
  select case mark when 'seen' then item.seen_at when 'read' then item.read_at when 'interacted' then item.interacted_at
    when 'archived' then item.archived_at end
$$;

-- Notes what a user did with their items from_seq to to_seq; of many, so many at a time. Who reads has seen, who interacts has read, and
-- what was noted stays. The ledger is told as by a provider: seen is opened there, and interacted is clicked, each once for ever.
-- Gives how many items changed.
create function mark_inbox(wanted uuid, person text, mark text, from_seq bigint, to_seq bigint, most integer, at timestamptz) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  seqs bigint[];
  ids bigint[];
begin
  perform enter_tenant(wanted);
  select array_agg(i.seq), array_agg(i.message_id) into seqs, ids
  from (
    select i.seq, i.message_id from inbox_items i
    where i.tenant_id = wanted and i.user_id = person and i.seq between from_seq and to_seq and marked_at(i, mark) is null
    order by i.seq limit most) i;
  if ids is null then return 0; end if;
  perform lock_messages(wanted, ids);
  -- Meanwhile somebody may have done the same, or the items may be gone with their user.
  with changed as (
    update inbox_items i set
      seen_at = case when mark = 'archived' then i.seen_at else coalesce(i.seen_at, at) end,
      read_at = case when mark in ('read', 'interacted') then coalesce(i.read_at, at) else i.read_at end,
      interacted_at = case when mark = 'interacted' then at else i.interacted_at end,
      archived_at = case when mark = 'archived' then at else i.archived_at end
    from unnest(seqs) o(seq)
    cross join lateral (
      select b.ctid as place from inbox_items b where b.tenant_id = wanted and b.user_id = person and b.seq = o.seq limit 1) b
    where i.ctid = b.place and marked_at(i, mark) is null
    returning i.message_id)
  select array_agg(c.message_id) into ids from changed c;
  if ids is null then return 0; end if;
  perform take_provider_events(wanted, 'madansara', (
    select coalesce(jsonb_agg(jsonb_build_array(k.kind || '/' || o.id, o.id, k.kind, extract(epoch from at) * 1000)), '[]')
    from unnest(ids) o(id)
    cross join unnest(case mark when 'archived' then '{}' when 'interacted' then '{opened,clicked}' else '{opened}' end::text[]) k(kind)));
  perform announce_inboxes(wanted, array[person]);
  return cardinality(ids);
end
$$;

-- What a user's badge shows, and how far their list has come.
create function count_inbox(wanted uuid, person text) returns table (unseen integer, unread integer, total integer, last_seq bigint)
  language sql stable set search_path = madansara_analytics
as $$
  select count(*) filter (where i.seen_at is null)::integer, count(*) filter (where i.read_at is null)::integer, count(*)::integer,
    coalesce((select x.last_seq from inboxes x where x.tenant_id = wanted and x.user_id = person), 0)
  from inbox_items i
  where i.tenant_id = wanted and i.user_id = person and i.archived_at is null
$$;

-- A page of a user's list, the newest first: those before `before` (null: all) that are not archived, and of them the unseen or unread
-- alone, or those that are archived. In one statement, so that counts and items are of the same moment; without items, one row of counts.
create function read_inbox(wanted uuid, person text, filter text, before bigint, most integer)
  returns table (unseen integer, unread integer, total integer, last_seq bigint, item jsonb)
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  return query
  select c.unseen, c.unread, c.total, c.last_seq, to_jsonb(i)
  from count_inbox(wanted, person) c
  left join lateral (
    select i.* from inbox_items i
    where i.tenant_id = wanted and i.user_id = person and (before is null or i.seq < before)
      and (i.archived_at is not null) = (filter = 'archived')
      and case filter when 'unseen' then i.seen_at is null when 'unread' then i.read_at is null else true end
    order by i.seq desc limit most) i on true
  order by i.seq desc;
end
$$;

-- What has been added to some users' lists behind what each has seen, in its order, and their counts: of each at least one row.
create function read_inbox_news(wanted uuid, people text[], afters bigint[], most integer)
  returns table (nth integer, unseen integer, unread integer, total integer, last_seq bigint, item jsonb)
  language plpgsql set search_path = madansara_analytics
as $$
begin
  perform enter_tenant(wanted);
  return query
  select p.n::integer, c.unseen, c.unread, c.total, c.last_seq, to_jsonb(i)
  from unnest(people, afters) with ordinality p(person, after, n)
  cross join lateral count_inbox(wanted, p.person) c
  left join lateral (
    select i.* from inbox_items i
    where i.tenant_id = wanted and i.user_id = p.person and i.seq > p.after
    order by i.seq limit most) i on true
  order by p.n, i.seq;
end
$$;

-- A list goes whole, with a person who is deleted and with an id that is merged into another: it never becomes another's. Whoever can
-- send events can merge any two ids, the write key is in every page, and a list that followed would be read by whoever asked for it.
-- The messages themselves stay counted.
alter function forget_elsewhere(uuid, text) rename to forget_all_but_inboxes;
create function forget_elsewhere(wanted uuid, person text) returns void
  language sql set search_path = madansara_analytics
as $$
  select forget_all_but_inboxes(wanted, person);
  with gone as (delete from inboxes where tenant_id = wanted and user_id = person returning user_id)
  select announce_inboxes(wanted, array[g.user_id]) from gone g;
$$;

select plan_by_look_ups(name::regproc::regprocedure)
from unnest(array['deliver_to_inboxes', 'mark_inbox', 'count_inbox', 'read_inbox', 'read_inbox_news']) name;
alter function add_inbox_items set enable_seqscan = off; -- it joins what it has been given, at most a call's messages
