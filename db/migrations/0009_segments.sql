-- Publishing a walk's segments: only what changed is sent, in blocks. Each takes the tenant's users as they are (shared), so that
-- nobody is merged or deleted in the middle of a block; who was since the walk read the events does not come back.

-- Confidences are hundredths of a percent. Gives how many rows changed.
create function put_members(wanted uuid, segment_ids bigint[], user_ids text[], confidences integer[]) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  changed integer;
  added integer;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  update segment_membership m set confidence_score = s.confidence / 100.0
  from unnest(segment_ids, user_ids, confidences) s(segment_id, user_id, confidence)
  where m.tenant_id = wanted and m.segment_id = s.segment_id and m.user_id = s.user_id;
  get diagnostics changed = row_count;
  insert into segment_membership (tenant_id, segment_id, user_id, confidence_score)
  select wanted, s.segment_id, s.user_id, s.confidence / 100.0
  from unnest(segment_ids, user_ids, confidences) s(segment_id, user_id, confidence)
  join users u on u.tenant_id = wanted and u.user_id = s.user_id
  where not exists (
    select from segment_membership m where m.tenant_id = wanted and m.segment_id = s.segment_id and m.user_id = s.user_id);
  get diagnostics added = row_count;
  return changed + added;
end
$$;

create function remove_members(wanted uuid, segment_ids bigint[], user_ids text[]) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  removed integer;
begin
  perform enter_tenant(wanted);
  delete from segment_membership m using unnest(segment_ids, user_ids) s(segment_id, user_id)
  where m.tenant_id = wanted and m.segment_id = s.segment_id and m.user_id = s.user_id;
  get diagnostics removed = row_count;
  return removed;
end
$$;

create function put_user_features(wanted uuid, walked date, user_ids text[], recency double precision[], lately integer[],
  often integer[], spent bigint[], score double precision[], trends double precision[]) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  changed integer;
  added integer;
begin
  perform enter_tenant(wanted);
  perform hold_users(wanted, false);
  update user_features f set walk_date = walked, recency_days = s.recency, frequency_30d = s.lately, frequency = s.often,
    monetary_minor = s.spent, engagement_score = s.score, trend = s.trend
  from unnest(user_ids, recency, lately, often, spent, score, trends) s(user_id, recency, lately, often, spent, score, trend)
  where f.tenant_id = wanted and f.user_id = s.user_id;
  get diagnostics changed = row_count;
  insert into user_features
    (tenant_id, user_id, walk_date, recency_days, frequency_30d, frequency, monetary_minor, engagement_score, trend)
  select wanted, s.user_id, walked, s.recency, s.lately, s.often, s.spent, s.score, s.trend
  from unnest(user_ids, recency, lately, often, spent, score, trends) s(user_id, recency, lately, often, spent, score, trend)
  join users u on u.tenant_id = wanted and u.user_id = s.user_id
  where not exists (select from user_features f where f.tenant_id = wanted and f.user_id = s.user_id);
  get diagnostics added = row_count;
  return changed + added;
end
$$;

create function remove_user_features(wanted uuid, user_ids text[]) returns integer
  language plpgsql set search_path = madansara_analytics
as $$
declare
  removed integer;
begin
  perform enter_tenant(wanted);
  delete from user_features where tenant_id = wanted and user_id = any (user_ids);
  get diagnostics removed = row_count;
  return removed;
end
$$;
