import { createCampaignExecutors } from './campaign-executors.js';
import type { Executors } from './suggestion-responses.js';
import { createTestExecutors } from './test-executors.js';

/** What does what suggestions recommend. */
export const createExecutors = (now: () => Date): Executors => ({ ...createTestExecutors(now), ...createCampaignExecutors(now) });
