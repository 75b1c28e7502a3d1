import { normalUpperQuantile } from '../stats/distributions/normal.js';
import { wilsonInterval } from '../stats/proportions/wilson.js';
import type { Interval } from '../stats/verdict.js';
import type { BestArm } from './bandit.js';
import type { ArmCounts } from './counts.js';
import type { TestDesign } from './design.js';
import { sampleOfArm } from './estimates.js';

export const secondaryRates = ['open_rate', 'click_rate', 'conversion_rate'] as const;
export type SecondaryRate = (typeof secondaryRates)[number];

/** A rate with its Wilson interval. */
export type ShownRate = { readonly users: number; readonly successes: number; readonly rate: number; readonly interval: Interval };

/** What is shown of one arm. `value` is its rate or mean of the primary metric. Null where nobody was measured yet. */
export type ShownArm = {
  readonly variationId: string;
  readonly exposed: number;
  readonly measured: number;
  readonly notDelivered: number;
  readonly machineOpened: number;
  readonly successes: number | null;
  readonly value: number | null;
  readonly interval: Interval | null;
  readonly secondary: Readonly<Record<SecondaryRate, ShownRate | null>>;
  /** Probability of being the best arm, and what choosing it is expected to lose, by the posterior alone: no rule for stopping. */
  readonly best: number | null;
  readonly expectedLoss: number | null;
};

/** Whether a rate says anything: where nobody of any arm did it, nobody may have told of it, as in a test that runs elsewhere. */
export const isTold = (arms: readonly Pick<ShownArm, 'secondary'>[], rate: SecondaryRate): boolean =>
  arms.some(({ secondary }) => (secondary[rate]?.successes ?? 0) > 0);

type Among = { readonly design: TestDesign; readonly best: BestArm | null; readonly index: number };

export function shownArm(arm: ArmCounts, { design, best, index }: Among): ShownArm {
  const secondary = { open_rate: arm.engaged.opened, click_rate: arm.engaged.clicked, conversion_rate: arm.engaged.converted };
  return {
    variationId: arm.variationId,
    exposed: arm.exposed,
    measured: arm.measured,
    notDelivered: arm.notDelivered,
    machineOpened: arm.engaged.machineOpened,
    successes: arm.primary.kind === 'rate' ? arm.primary.successes : null,
    value: arm.measured === 0 ? null : sampleOfArm(arm).mean,
    interval: intervalOfArm(arm, design.alpha),
    secondary: {
      open_rate: shownRate(secondary.open_rate, arm.measured, design.alpha),
      click_rate: shownRate(secondary.click_rate, arm.measured, design.alpha),
      conversion_rate: shownRate(secondary.conversion_rate, arm.measured, design.alpha),
    },
    best: best?.best[index] ?? null,
    expectedLoss: best?.loss[index] ?? null,
  };
}

/** Wilson's interval of a rate; of a mean, that of the normal approximation. */
function intervalOfArm(arm: ArmCounts, alpha: number): Interval | null {
  if (arm.primary.kind === 'rate') return shownRate(arm.primary.successes, arm.measured, alpha)?.interval ?? null;
  const { users, mean, variance } = sampleOfArm(arm);
  if (users < 2) return null;
  const reach = normalUpperQuantile(alpha / 2) * Math.sqrt(variance / users);
  return { low: mean - reach, high: mean + reach };
}

function shownRate(successes: number, users: number, alpha: number): ShownRate | null {
  const answer = wilsonInterval({ successes, trials: users }, alpha);
  if (answer.status !== 'ok') return null;
  return { users, successes, rate: successes / users, interval: { low: answer.low, high: answer.high } };
}
