import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for a test file or a benchmark, gone when the process ends. Others may look in: PostgreSQL, which is not root, keeps its files here. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `madansara-${name}-`));
  chmodSync(folder, 0o755);
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
