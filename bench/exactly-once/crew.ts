import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../../sandbox/processes.js';
import type { WorkerReport, WorkerSettings, WorkerTask } from './sending-worker.js';

/** A step for some members of a batch, of one tenant. */
export type Given = Omit<WorkerTask, 'id'>;

type Worker = { readonly process: ChildProcess; task: WorkerTask | undefined; isStopped: boolean; isKilled: boolean };

/** Once its worker is dead or silent, a task is given to another after this time, as Temporal would after its heartbeat's. */
const LEASE_MS = 500;
const RETRY_MS = 200;
const PROGRAM = fileURLToPath(new URL('sending-worker.js', import.meta.url));

/** Workers that take tasks one after the other. What fails is tried again, what waits is asked for again when it is due. */
export class Crew {
  private readonly workers = new Set<Worker>();
  private readonly waiting: WorkerTask[] = [];
  private tasks = 0;
  private done = 0;
  /** Tasks that have been through once: some of their messages may still wait. */
  private readonly tried = new Set<number>();
  private isClosed = false;

  constructor(
    private readonly settings: WorkerSettings,
    /** What waits for longer than `waitedForMs` is held, and not waited for: for another day, say, or for the end of a cap. */
    private readonly limits: { readonly size: number; readonly waitedForMs: number },
    private readonly onProgress: (tasksDone: number) => void = () => undefined,
  ) {}

  /** Ends when every step has been done; other steps may be given to it after that. */
  async run(given: readonly Given[]): Promise<void> {
    this.waiting.push(...given.map((one, i) => ({ id: this.tasks + i, ...one })));
    this.tasks += given.length;
    while (this.workers.size < this.limits.size) this.start();
    for (const worker of this.workers) this.give(worker);
    while (!this.isIdle()) await waitUntil(() => this.isIdle(), 60_000, 20);
  }

  /** Most of a task is its first time through. */
  tasksDone = (): number => Math.floor((3 * this.tried.size + this.done) / 4);
  isIdle = (): boolean => this.done === this.tasks;

  /** Kills a worker that is at work; false where none is any more. */
  async killOne(chance: number): Promise<boolean> {
    const worker = await this.busyOne(chance);
    if (worker) worker.isKilled = true;
    return worker?.process.kill('SIGKILL') ?? false;
  }

  /**
   * Stops a worker that is at work, gives its task to another, and lets it go on much later with what it was doing. Ends when it
   * has done that; false where none is at work any more.
   */
  async stopOne(chance: number, forMs: number): Promise<boolean> {
    const worker = await this.busyOne(chance);
    if (worker?.task === undefined) return false;
    const { process: zombie, task } = worker;
    let isOver = false;
    zombie.on('message', ({ id }: WorkerReport) => (isOver ||= id === task.id)).once('exit', () => (isOver = true));
    zombie.kill('SIGSTOP');
    Object.assign(worker, { isStopped: true, task: undefined });
    this.later(task, LEASE_MS);
    await new Promise((resolve) => setTimeout(resolve, forMs));
    zombie.kill('SIGCONT');
    await waitUntil(() => isOver, 60_000);
    worker.isStopped = false;
    this.give(worker);
    return true;
  }

  close(): void {
    this.isClosed = true;
    for (const { process } of this.workers) process.kill('SIGKILL');
  }

  private async busyOne(chance: number): Promise<Worker | undefined> {
    const busy = () => [...this.workers].filter(({ task, isStopped, isKilled }) => task !== undefined && !isStopped && !isKilled);
    await waitUntil(() => busy().length > 0 || this.isIdle(), 60_000, 5);
    const candidates = busy();
    return candidates[Math.floor(chance * candidates.length)];
  }

  private start(): void {
    const program = fork(PROGRAM, [JSON.stringify(this.settings)]);
    const worker: Worker = { process: program, task: undefined, isStopped: false, isKilled: false };
    this.workers.add(worker);
    worker.process.on('message', (report: WorkerReport) => this.hear(worker, report));
    worker.process.once('exit', () => {
      this.workers.delete(worker);
      if (worker.task) this.later(worker.task, LEASE_MS);
      if (!this.isClosed) this.start();
    });
    this.give(worker);
  }

  private give(worker: Worker): void {
    if (worker.task !== undefined || worker.isStopped || worker.isKilled || !worker.process.connected) return;
    worker.task = this.waiting.shift();
    if (worker.task) worker.process.send(worker.task);
  }

  private later(task: WorkerTask, ms: number): void {
    setTimeout(() => {
      this.waiting.push(task);
      for (const worker of this.workers) this.give(worker);
    }, ms);
  }

  private hear(worker: Worker, { id, error, sent = [] }: WorkerReport): void {
    const { task } = worker;
    // What a sleeper says of a task that another has by now does not count.
    if (task?.id !== id) return;
    worker.task = undefined;
    const nowMs = Date.now() + this.settings.aheadMs;
    const dueInMs = sent.flatMap(([, outcome, due = 0]) =>
      outcome === 'waiting' && due - nowMs < this.limits.waitedForMs ? [due - nowMs] : [],
    );
    if (error === undefined) this.tried.add(id);
    if (error !== undefined) this.later(task, RETRY_MS);
    else if (dueInMs.length > 0) this.later(task, Math.max(RETRY_MS, ...dueInMs.toSorted((a, b) => a - b).slice(0, 1)));
    else this.done += 1;
    this.onProgress(this.tasksDone());
    this.give(worker);
  }
}
