import { loadConfig } from '../../config.js';
import { plainRender } from '../../test/harness/sending.js';
import { createWorkerLogger } from '../../workers/logging.js';
import { runWorker } from '../../workers/main.js';
import { acceptInMemory } from './accepted.js';

/**
 * The program of the product's worker, as its environment configures it, with plain words in its mails. Told a file, it accepts
 * them itself, and writes there what it has accepted when it ends. Says `ready` once it runs; ends when it is told to or alone.
 */
export type WorkerSettings = { readonly acceptsInto?: string };

const { acceptsInto } = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings;
const config = loadConfig(process.env);
const memory = acceptsInto === undefined || !config.sending ? undefined : acceptInMemory(config.sending.ledgerKey);
const worker = await runWorker(config, {
  logger: createWorkerLogger('warn'),
  outgoing: { render: plainRender, ...(memory && { prepareEmails: memory.prepareEmails }) },
});
void worker.ended.then((sentence) => {
  console.error(sentence);
  process.exit(1);
});
const end = async () => {
  await worker.close();
  if (acceptsInto !== undefined) memory?.write(acceptsInto);
  process.exit(0);
};
for (const event of ['disconnect', 'SIGTERM'] as const) process.once(event, () => void end());
process.send?.('ready');
