import type { LocalDate, TenantId } from '../../core/ids.js';

export const walkerWorkflowType = 'walker';

/** Unique while histories are kept; the row in `walks` decides for ever that a day is walked once. */
export const walkerWorkflowId = (tenantId: TenantId, walkDate: LocalDate) => `walker/${tenantId}/${walkDate}`;

/** The parts of a walk, in their order. */
export const walkPhases = ['segmentation', 'outreach', 'testing', 'notification'] as const;
export type WalkPhase = (typeof walkPhases)[number];

/** Names a walk. What it reads and where it writes follows from its row. */
export type WalkKey = { readonly tenantId: TenantId; readonly walkDate: LocalDate };

export type WalkerInput = WalkKey & {
  /** Events from this moment on (ISO 8601) are not seen. Absent: now, or the end of a day that is past. */
  readonly asOf?: string;
  /** Read the events as they are now, although this day was walked before. */
  readonly refresh: boolean;
  /** Who asked: `schedule`, `command line`, or the id of a key; never a person. */
  readonly requestedBy: string;
  /** Of the HTTP request that asked, so that its log and this history can be laid side by side. */
  readonly requestId?: string;
};

/** What a phase did, in numbers: how many users, segments, suggestions … */
export type WalkCounts = Readonly<Record<string, number>>;

export type WalkerResult = WalkKey & { readonly run: number; readonly asOf: string; readonly counts: WalkCounts };

export const walkProgressQueryName = 'walkProgress';

export type PhaseProgress = {
  readonly phase: WalkPhase;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  readonly stepsDone: number;
  /** Grows while a phase learns how much there is to do. */
  readonly stepsTotal: number;
};

export type WalkProgress = WalkKey & {
  /** How often this day was asked for; 0 before the row was found. */
  readonly run: number;
  readonly state: 'opening' | 'running' | 'succeeded' | 'failed';
  readonly phases: readonly PhaseProgress[];
  readonly counts: WalkCounts;
  readonly error?: string;
};
