import { defineSearchAttributeKey } from '@temporalio/common';

/** What workflows can be found by in the Temporal UI. Ids and words of closed lists, never anything about a person. */
export const tenantIdAttribute = defineSearchAttributeKey('tenantId', 'KEYWORD');
export const walkDateAttribute = defineSearchAttributeKey('walkDate', 'KEYWORD');
export const phaseAttribute = defineSearchAttributeKey('phase', 'KEYWORD');
export const outcomeAttribute = defineSearchAttributeKey('outcome', 'KEYWORD');

/** All of them, for setting a namespace up. */
export const searchAttributes = [tenantIdAttribute, walkDateAttribute, phaseAttribute, outcomeAttribute] as const;
