import { readdirSync, readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;

/** Processor seconds so far of this process and of the children of another, those that have ended included. On a busy machine they say more than the clock does. */
export function processorSeconds(parent: number): number {
  const { user, system } = process.cpuUsage();
  const ticks = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, name) => sum + ticksOf(Number(name), parent), 0);
  return (user + system) / 1e6 + ticks / CLOCK_TICKS_PER_SECOND;
}

function ticksOf(pid: number, parent: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [own, ended] = [11, 13].map((i) => (fields[i] ?? 0) + (fields[i + 1] ?? 0)); // user and system, of itself and of waited-for children
    return pid === parent ? (ended ?? 0) : fields[1] === parent ? (own ?? 0) : 0;
  } catch {
    return 0; // it has ended meanwhile
  }
}
