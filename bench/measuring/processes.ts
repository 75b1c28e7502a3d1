import { readdirSync, readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;

export type ProcessUsage = {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** User and system time, of itself and of children that it has waited for. */
  readonly seconds: number;
  readonly endedChildrenSeconds: number;
};

/** What the system tells of all processes of this moment. */
export function listProcesses(): ProcessUsage[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => usageOf(Number(name)) ?? []);
}

function usageOf(pid: number): ProcessUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const seconds = (first: number) => ((fields[first] ?? 0) + (fields[first + 1] ?? 0)) / CLOCK_TICKS_PER_SECOND;
    return { pid, parent: fields[1] ?? 0, name, seconds: seconds(11), endedChildrenSeconds: seconds(13) };
  } catch {
    return undefined; // it has ended meanwhile
  }
}

/** Processor seconds so far of this process and of the children of another, those that have ended included. On a busy machine they say more than the clock does. */
export function processorSeconds(parent: number): number {
  const { user, system } = process.cpuUsage();
  const others = listProcesses().reduce(
    (sum, { pid, parent: itsParent, seconds, endedChildrenSeconds }) =>
      sum + (pid === parent ? endedChildrenSeconds : itsParent === parent ? seconds : 0),
    0,
  );
  return (user + system) / 1e6 + others;
}

/** A process and all that it started, by their parents. */
export function processTree(root: number): ProcessUsage[] {
  const all = listProcesses();
  const members = new Set([root]);
  for (let grown = true; grown;) {
    const before = members.size;
    for (const { pid, parent } of all) if (members.has(parent)) members.add(pid);
    grown = members.size > before;
  }
  return all.filter(({ pid }) => members.has(pid));
}
