import type { Database } from '../../db/client.js';
import { readStepWords } from '../../db/queries/step-words.js';
import type { InAppDependencies } from '../channels/in-app.js';

/** Words with variables would be shown with their braces. */
const VARIABLES = /\{\{|\{%/;

/**
 * In-app messages in the step's own words, the same for everybody: its subject is the title, its message or content the text. Where there
 * are none, or they have variables, nothing is sent and the ledger says why.
 */
export const createInAppRenderer =
  ({ database }: { readonly database: Database }): InAppDependencies['render'] =>
  async ({ tenantId, campaignId, stepKey }, users) => {
    const words = await database.withTenant(tenantId, (tx) => readStepWords(tx, tenantId, { campaignId, stepKey }));
    const { subject, text } = words ?? {};
    return users.map(() => {
      if (subject === undefined || text === undefined) return { because: 'an in-app step needs a subject and a message of its own' };
      if (VARIABLES.test(subject + text)) return { because: 'the words of an in-app step cannot have variables' };
      return { title: subject, body: text };
    });
  };
