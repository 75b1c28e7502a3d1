/** Where progress is shown: the standard error, so that what a command prints can still be piped. */
export type ProgressOutput = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };

export type ProgressOptions = {
  /** How many there are in all; without it only the count so far is shown. */
  readonly total?: number;
  /** What is counted: `rows`, `users`; `bytes` are shown as MB. */
  readonly unit?: string;
  readonly output?: ProgressOutput;
  readonly now?: () => number;
};

export type Progress = {
  /** How many are done by now (not how many more). `note` replaces the words after the numbers. */
  update(done: number, note?: string): void;
  /** Ends it with one line that stays. */
  done(summary?: string): void;
  /** Ends it without a claim: the error that follows says what happened. */
  stop(): void;
};

const REDRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;

/** Shows what a long step does and how far it is: a bar on a terminal, a plain line now and then elsewhere. */
export function startProgress(label: string, options: ProgressOptions = {}): Progress {
  const { output = process.stderr, now = () => performance.now() } = options;
  const startedAt = now();
  const draw = output.isTTY ? drawBar : drawLine;
  const intervalMs = output.isTTY ? REDRAW_EVERY_MS : LINE_EVERY_MS;
  let drawnAt = startedAt;
  let ended = false;
  draw(output, label, describe(0, options, 0));

  const end = (line: string): void => {
    if (ended) return;
    ended = true;
    if (output.isTTY) output.write('\r\u001b[K');
    if (line) output.write(`${line}\n`);
  };
  return {
    update(done, note = '') {
      const at = now();
      if (ended || at - drawnAt < intervalMs) return;
      drawnAt = at;
      draw(output, label, describe(done, options, (at - startedAt) / 1000), note);
    },
    done: (summary = 'done') => end(`${label}: ${summary} (${((now() - startedAt) / 1000).toFixed(1)} s)`),
    stop: () => end(''),
  };
}

type Description = { readonly fraction?: number; readonly text: string };

function describe(done: number, { total, unit = '' }: ProgressOptions, seconds: number): Description {
  const bytes = unit === 'bytes';
  const number = (count: number) => (bytes ? (count / 1e6).toFixed(1) : Math.round(count).toLocaleString('en-US'));
  const amount = (count: number) => `${number(count)} ${bytes ? 'MB' : unit}`.trim();
  const rate = seconds > 1 && done > 0 ? `, ${amount(done / seconds)}/s` : '';
  if (!total) return { text: done > 0 ? amount(done) + rate : '' };
  const fraction = Math.min(1, done / total);
  return { fraction, text: `${Math.floor(fraction * 100)} %, ${number(done)} of ${amount(total)}${rate}` };
}

const BAR_WIDTH = 24;

function drawBar(output: ProgressOutput, label: string, { fraction, text }: Description, note = ''): void {
  const filled = Math.round((fraction ?? 0) * BAR_WIDTH);
  const bar = fraction === undefined ? '' : `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] `;
  const line = [`${label}: ${bar}${text}`, note].filter(Boolean).join(' ');
  output.write(`\r\u001b[K${line.slice(0, (output.columns ?? 80) - 1)}`);
}

function drawLine(output: ProgressOutput, label: string, { text }: Description, note = ''): void {
  output.write(`${[`${label}${text ? `: ${text}` : ' …'}`, note].filter(Boolean).join(' ')}\n`);
}
