/** The one file that is bundled: a worker finds every workflow here, by its name. */
export { abTest } from './ab-test/workflow.js';
export { campaign } from './campaign/workflow.js';
export { exchange } from './exchange/workflow.js';
export { journeyBatch } from './journey-batch/workflow.js';
export { lakeUpkeep } from './lake-upkeep/workflow.js';
export { walkerTick } from './walker-tick/workflow.js';
export { walker } from './walker/workflow.js';
