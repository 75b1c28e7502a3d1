import { Worker } from 'node:worker_threads';
import type { ModelQuestion, SegmentModel } from '../../core/segment/model.js';

/** Fits a model in a thread of its own: it takes seconds, in which this one must heartbeat. */
export function fitInThread(question: ModelQuestion): Promise<SegmentModel> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./fit-thread.js', import.meta.url), { workerData: question });
    thread.once('message', (model: SegmentModel) => resolve(model));
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the thread that fits segments ended with code ${code} and no answer`)));
  });
}
