import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** How runs are found in Temporal's lists. Never anything about a person. */
export const tenantIdAttribute = defineSearchAttributeKey('tenantId', SearchAttributeType.KEYWORD);
export const phaseAttribute = defineSearchAttributeKey('phase', SearchAttributeType.KEYWORD);
export const walkDateAttribute = defineSearchAttributeKey('walkDate', SearchAttributeType.KEYWORD);
export const outcomeAttribute = defineSearchAttributeKey('outcome', SearchAttributeType.KEYWORD);

export const searchAttributes = [tenantIdAttribute, phaseAttribute, walkDateAttribute, outcomeAttribute] as const;
