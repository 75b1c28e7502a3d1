import busboy from 'busboy';
import type { Request } from 'express';

export type MultipartLimits = {
  /** Of the whole body. */
  readonly maxBytes: number;
  /** Of one field: what is longer is cut. */
  readonly maxFieldBytes: number;
  readonly timeoutMs: number;
};

/**
 * What a form says; why it says nothing that can be read; or that it never arrived whole, so that whoever sent it should send it again.
 */
export type MultipartReading =
  | { readonly kind: 'form'; readonly fields: ReadonlyMap<string, Buffer> }
  | { readonly kind: 'unreadable'; readonly because: string }
  | { readonly kind: 'incomplete' };

const MOST_FIELDS = 100;

/** Reads the fields of a form as they stream in, each as its bytes. Files are passed over, and never held. */
export function readMultipart(request: Request, { maxBytes, maxFieldBytes, timeoutMs }: MultipartLimits): Promise<MultipartReading> {
  let parser: busboy.Busboy;
  try {
    const limits = { fieldSize: maxFieldBytes, fields: MOST_FIELDS, parts: 2 * MOST_FIELDS };
    // One byte is one character then, whatever the part says of itself.
    parser = busboy({ headers: request.headers, limits, defCharset: 'latin1' });
  } catch {
    return Promise.resolve({ kind: 'unreadable', because: 'it is no form' });
  }
  return new Promise((resolve) => {
    const fields = new Map<string, Buffer>();
    let bytes = 0;
    const end = (reading: MultipartReading): void => {
      clearTimeout(timer);
      request.unpipe(parser);
      request
        .off('data', count)
        .off('aborted', breakOff)
        .on('error', () => undefined);
      request.resume();
      resolve(reading);
    };
    const timer = setTimeout(() => end({ kind: 'incomplete' }), timeoutMs);
    const breakOff = (): void => end({ kind: 'incomplete' });
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) end({ kind: 'unreadable', because: 'it is too large' });
    };
    parser
      .on('field', (name, value) => void (fields.has(name) || fields.set(name, Buffer.from(value, 'latin1'))))
      .on('file', (_, stream) => void stream.resume())
      .on('close', () => end({ kind: 'form', fields }))
      .on('error', () => end({ kind: 'unreadable', because: 'it is no whole form' }));
    request.on('data', count).once('aborted', breakOff);
    request.pipe(parser);
  });
}
