import { parentPort, workerData } from 'node:worker_threads';
import { fitModel, type ModelQuestion } from '../../core/segment/model.js';

// The other end of `fitInThread`.
parentPort?.postMessage(fitModel(workerData as ModelQuestion));
