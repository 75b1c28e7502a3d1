import type { LookTold, TestSummary, Told } from './contract.js';

/** So many looks are told one by one; the rest is in the database. */
const TOLD = 14;

export const NOTHING_TOLD: Told = { looks: [], before: 0 };

/** Adds a look; one that was told already is told once. */
export function tellLook({ looks, before }: Told, look: LookTold): Told {
  if (looks.some(({ number }) => number === look.number)) return { looks, before };
  const all = [...looks, look];
  const dropped = Math.max(0, all.length - TOLD);
  return { looks: all.slice(dropped), before: before + dropped };
}

/** A test in the Temporal UI: what it waits for, and what each look found. */
export function storyOf(testId: string, summary: TestSummary | null, { looks, before }: Told): string {
  if (summary === null) return `**${testId}**: reading its row.`;
  return [
    `**${testId}** is ${summary.mode.replace('_', ' ')}.`,
    ...(summary.startedAt === null ? [] : [`It began ${minute(summary.startedAt)}; its last look is due ${minute(summary.endsAt ?? '')}.`]),
    ...(summary.nextLookAt === null ? [] : [`It waits for look ${summary.looks + 1}, at ${minute(summary.nextLookAt)}.`]),
    ...(summary.ending === null ? [] : [`How it ended: ${summary.ending}`]),
    ...(before > 0 ? [`${before} looks before these:`] : []),
    ...(looks.length > 0 ? [looks.map(lineOf).join('\n')] : []),
  ].join('\n\n');
}

function lineOf({ number, at, exposed, measured, information, boundary, comparisons, verdict }: LookTold): string {
  const found = comparisons.map(({ variationId, z, p }) => `${variationId} z ${z.toFixed(2)}${p === null ? '' : `, p ${p.toFixed(4)}`}`);
  const waits = verdict.kind === 'continue' ? verdict.waitingFor.join('; ') : `**${verdict.kind}**`;
  return [
    `- look ${number}, ${minute(at)}: ${exposed} exposed, ${measured} measured, ${Math.round(information * 100)} % of the plan`,
    ...(boundary === null ? [] : [`boundary ${boundary.toFixed(2)}`]),
    ...found,
    waits,
  ].join(' · ');
}

const minute = (moment: string): string => `${moment.slice(0, 16).replace('T', ' ')} UTC`;
