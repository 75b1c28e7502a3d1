import { join } from 'node:path';
import type { EventMapping } from '../core/import/events.js';
import { parseLocalDate } from '../core/ids.js';
import { projectRoot } from '../config.js';
import type { SourceFile } from '../cli/import/file.js';

/** Real purchases of real people, for the demo, tests and benchmarks; its README says whose. */
export const cdnowFile: SourceFile = {
  path: join(projectRoot, 'sandbox', 'data', 'cdnow', 'CDNOW_master.txt'),
  format: 'columns',
  header: true,
};

export const cdnowMapping: EventMapping = {
  event: 'purchase',
  user: 'customer_id',
  time: 'date',
  revenue: 'dollar_value',
  properties: { quantity: 'number_of_cds' },
};

/** The data end with this day. */
export const cdnowLastDay = parseLocalDate('1998-06-30');
export const cdnowCurrency = 'USD';
