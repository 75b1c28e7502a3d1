import { spawnSync } from 'node:child_process';
import type { Look } from '../../core/experiment/look.js';

export type PeerComparison = { readonly inWords: string; readonly numbers: PeerNumbers | null };
type PeerNumbers = { readonly test_per_second: number; readonly analysis_per_second: number; readonly greatest_difference: number };

/** The peer reads pairs of counts, and answers difference, standard error and p of its test, and how fast that and its whole analysis were. */
const SCRIPT = `
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd
from gbstats.frequentist.tests import TwoSidedTTest, FrequentistConfig
from gbstats.gbstats import process_analysis
from gbstats.models.settings import AnalysisSettingsForStatsEngine, MetricSettingsForStatsEngine
from gbstats.models.statistics import ProportionStatistic
pairs = json.load(sys.stdin)
config = FrequentistConfig(difference_type="absolute")
def one(p):
    return TwoSidedTTest(ProportionStatistic(n=p[1], sum=p[0]), ProportionStatistic(n=p[3], sum=p[2]), config).compute_result()
metric = MetricSettingsForStatsEngine(id="m", name="m", statistic_type="mean", main_metric_type="binomial")
analysis = AnalysisSettingsForStatsEngine(var_names=["a", "b"], var_ids=["0", "1"], weights=[0.5, 0.5], stats_engine="frequentist", sequential_testing_enabled=True, difference_type="absolute")
def whole(p):
    rows = pd.DataFrame([{"dimension": "", "variation": v, "users": p[2 * i + 1], "count": p[2 * i + 1], "main_sum": p[2 * i], "main_sum_squares": p[2 * i]} for i, v in enumerate(["0", "1"])])
    return process_analysis(rows, {"0": 0, "1": 1}, metric, analysis)
def rate(f, some):
    f(some[0])
    start = time.process_time()
    for p in some: f(p)
    return len(some) / (time.process_time() - start)
results = [one(p) for p in pairs]
print(json.dumps({"test": rate(one, pairs * 5), "whole": rate(whole, pairs[:50]), "effects": [float(r.expected) for r in results], "errors": [float(r.uplift.stddev) for r in results]}))
`;

/** Effects and standard errors of the same counts by GrowthBook's gbstats, where GBSTATS_PYTHON has it installed. */
export function compareWithGbstats(looks: readonly Look[]): PeerComparison {
  const python = process.env.GBSTATS_PYTHON;
  if (python === undefined) return { inWords: 'gbstats: not compared; GBSTATS_PYTHON names a python that has it', numbers: null };
  const counts = looks.map(({ arms: [control, treatment] }) => [
    control?.successes ?? 0,
    control?.measured ?? 0,
    treatment?.successes ?? 0,
    treatment?.measured ?? 0,
  ]);
  const run = spawnSync(python, ['-c', SCRIPT], { input: JSON.stringify(counts), encoding: 'utf8', timeout: 120_000 });
  if (run.status !== 0)
    return { inWords: `gbstats: not compared; ${run.stderr.trim().split('\n').at(-1) ?? run.error?.message}`, numbers: null };
  const answer = JSON.parse(run.stdout) as { test: number; whole: number; effects: number[]; errors: number[] };
  const differences = looks.flatMap(({ comparisons: [comparison] }, i) => [
    Math.abs((comparison?.effect ?? 0) - (answer.effects[i] ?? 0)),
    Math.abs((comparison?.standardError ?? 0) - (answer.errors[i] ?? 0)),
  ]);
  const greatest = Math.max(...differences);
  const [test, whole] = [Math.round(answer.test), Math.round(answer.whole)];
  return {
    inWords:
      `gbstats on the same counts: its two-sided test alone ${test.toLocaleString('en-US')} a second, process_analysis ` +
      `${whole.toLocaleString('en-US')}; greatest difference of effects and standard errors ${greatest.toExponential(1)}`,
    numbers: { test_per_second: test, analysis_per_second: whole, greatest_difference: greatest },
  };
}
