import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The product's worker, as `madansara worker` starts it. */
const PRODUCT = [fileURLToPath(new URL('../../cli/main.js', import.meta.url)), 'worker'];

/** Workers in processes of their own, which tests kill. */
export class WorkerProcesses {
  private readonly alive = new Set<ChildProcess>();

  /** `variables` are asked for at each start; `program` with its arguments takes the place of the product's. */
  constructor(
    private readonly variables: () => Readonly<Record<string, string>>,
    private readonly program: readonly string[] = PRODUCT,
  ) {}

  start(): ChildProcess {
    const child = spawn(process.execPath, ['--enable-source-maps', ...this.program], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...this.variables() },
    });
    this.alive.add(child);
    return child;
  }

  /** As `kill -9` does; over when the process is. */
  async kill(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    this.alive.delete(child);
  }

  killAll(): Promise<unknown> {
    return Promise.all([...this.alive].map((child) => this.kill(child)));
  }
}
