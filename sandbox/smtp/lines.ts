import type { Socket } from 'node:net';

/** The lines that come in, a character for each byte, without the CR LF that ends them. A CR or LF alone ends none. */
export async function* linesOf(socket: Socket): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    const lines = (rest + chunk.toString('latin1')).split('\r\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
