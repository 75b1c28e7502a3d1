import type { Database } from '../../db/client.js';
import type { SendingDependencies } from './send-step.js';

export const createEmailRenderer =
  (_: { readonly database: Database; readonly ledgerKey: Buffer; readonly publicUrl: string }): SendingDependencies['render'] =>
  () => {
    throw new Error('not here yet');
  };
