-- What En Garde has of a suggestion: it may not be sent twice, and nobody outside can have seen one that was never sent.
alter table suggestions
  add column delivered_at timestamptz,
  add column batch_id text; -- En Garde's

-- People leaf through them from the latest day backwards.
create index suggestions_latest on suggestions (tenant_id, walk_date desc, suggestion_id);
drop index suggestions_by_walk;
