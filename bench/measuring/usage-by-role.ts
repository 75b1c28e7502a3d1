import { readFileSync } from 'node:fs';
import { processTree, type ProcessUsage } from './processes.js';

/** Processor seconds by what they were spent for. */
export type RoleSeconds = Readonly<Record<string, number>>;

/**
 * Processor seconds so far of this process and of all that it started, by role: those that are named by their pid, the sessions of
 * PostgreSQL by their database, and the rest as `driver`. What has ended counts for its parent.
 */
export function secondsByRole(named: ReadonlyMap<number, string>): RoleSeconds {
  const sums: Record<string, number> = {};
  for (const usage of processTree(process.pid)) {
    const role = roleOf(usage, named);
    sums[role] = (sums[role] ?? 0) + usage.seconds + usage.endedChildrenSeconds;
  }
  return sums;
}

function roleOf({ pid, name }: ProcessUsage, named: ReadonlyMap<number, string>): string {
  if (name !== 'postgres') return named.get(pid) ?? 'driver';
  return commandOf(pid).includes(' temporal_') ? 'postgres_temporal' : 'postgres';
}

/** What was spent between two moments. */
export const secondsBetween = (before: RoleSeconds, after: RoleSeconds): RoleSeconds =>
  Object.fromEntries(Object.entries(after).map(([role, seconds]) => [role, seconds - (before[role] ?? 0)]));

export const totalSeconds = (seconds: RoleSeconds): number => Object.values(seconds).reduce((sum, one) => sum + one, 0);

/** The most memory that a process has had so far. */
export function peakMemoryMib(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kib?.[1] ?? 0) / 1024;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
