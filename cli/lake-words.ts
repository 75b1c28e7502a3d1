import type { LakeDescription, LakeMonth } from '../store/lake/describing.js';
import type { MonthCount, Verification } from '../store/lake/verify.js';

const count = (value: number) => value.toLocaleString('en-US');
const events = (value: number) => `${count(value)} event${value === 1 ? '' : 's'}`;

/** What `madansara lake show` prints. */
export function describeLake({ version, whole, writtenAt, snapshot, buckets, months, voids, tailRows }: LakeDescription): string[] {
  const total = { month: 'all', parts: sum(months, 'parts'), rows: sum(months, 'rows'), bytes: sum(months, 'bytes') };
  return [
    `version   ${version}${whole ? '' : ' (on the way: the next update continues)'}, written ${writtenAt.toISOString()}`,
    `snapshot  ${snapshot}`,
    `buckets   ${buckets}`,
    `voids     ${voids === 0 ? 'none' : `${count(voids)} users whose older rows no longer count`}`,
    `tail      ${tailRows === 0 ? 'none: the lake holds all' : `${events(tailRows)} in PostgreSQL that the lake does not hold yet`}`,
    '',
    row('month', 'parts', 'rows', 'MB'),
    ...[...months, total].map(({ month, parts, rows, bytes }) => row(month, count(parts), count(rows), (bytes / 1e6).toFixed(2))),
  ];
}

/** What `madansara lake verify` prints: all months, and which of them differ. */
export function describeVerification({ version, tailRows, months }: Verification): string[] {
  const differing = months.filter(({ same }) => !same).map(({ month }) => month);
  const verdict =
    differing.length === 0
      ? `the lake is right: version ${version} and a tail of ${events(tailRows)} equal PostgreSQL, by count and checksum`
      : `the lake differs in ${differing.join(', ')}: \`madansara lake rebuild\` writes it anew`;
  return [
    row('month', 'lake', 'PostgreSQL'),
    ...months.map(({ month, lake, postgres, same }) => `${row(month, counted(lake), counted(postgres))}${same ? '' : '   differs'}`),
    '',
    verdict,
  ];
}

const counted = (month: MonthCount | undefined) => count(month?.events ?? 0);
const sum = (months: readonly LakeMonth[], field: 'parts' | 'rows' | 'bytes') => months.reduce((total, month) => total + month[field], 0);
const row = (first: string, ...columns: readonly string[]) => [first.padEnd(8), ...columns.map((text) => text.padStart(14))].join('');
