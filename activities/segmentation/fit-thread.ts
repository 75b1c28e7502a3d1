import { parentPort, workerData } from 'node:worker_threads';
import { fitModel, type ModelQuestion } from '../../core/segment/model.js';

// The other end of `fitInThread`.
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- the port of a thread; only windows have origins
parentPort?.postMessage(fitModel(workerData as ModelQuestion));
