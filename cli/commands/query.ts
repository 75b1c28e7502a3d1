import type { Command } from 'commander';
import { parseLocalDate, parseTenantId, type LocalDate, type TenantId } from '../../core/ids.js';
import { argument } from '../arguments.js';

type QueryOptions = { readonly tenant: TenantId; readonly date: LocalDate; readonly json?: boolean };

export function addQueryCommand(program: Command): void {
  program
    .command('query')
    .description('ask what a walk saw, in SQL: its events, members and segments')
    .argument('<sql>', "in DuckDB's dialect")
    .requiredOption('--tenant <id>', 'whose walk', argument(parseTenantId))
    .requiredOption('--date <YYYY-MM-DD>', 'the day of the walk', argument(parseLocalDate))
    .option('--json', 'rows as JSON, one a line')
    .addHelpText(
      'after',
      `
Tables:
  walk       as_of, walk_date, currency: one row
  events     user_id, occurred_at, message_id, event, revenue_minor, currency, category, properties: all that the walk saw, once
  members    user_id, segment, confidence, segment_before (30 days before, by the same model), and the features that people are shown
  segments   segment, segment_key, users

docs/how-to/check-a-brief.md has a query for every figure of a brief. It only reads.`,
    )
    .action(async (sql: string, { tenant, date, json = false }: QueryOptions) => {
      const { queryWalk } = await import('../query.js');
      await queryWalk({ tenantId: tenant, walkDate: date }, sql, json ? 'json' : 'table');
    });
}
