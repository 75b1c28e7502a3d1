import { polynomial } from './polynomial.js';

const NEAR_ZERO_TOP = [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694];
const NEAR_ZERO_BOTTOM = [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171];
const MIDDLE_TOP = [
  2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001, 881.952221241769, 1712.0476126340707,
  2051.0783778260716, 1230.3393547979972,
];
const MIDDLE_BOTTOM = [
  1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597, 4362.619090143247,
  3439.3676741437216, 1230.3393548037495,
];
const FAR_TOP = [
  0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275, 0.0006587491615298378,
];
const FAR_BOTTOM = [1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918];

const ONE_OVER_ROOT_PI = 0.5641895835477563;

/**
 * The complementary error function, 1 - erf(x), to about 16 digits of the value itself however small it is (it reaches 0 at
 * x = 26.6). Assumes nothing; NaN stays NaN.
 *
 * Source: Cody, "Rational Chebyshev approximations for the error function", 1969.
 *
 * @example erfc(5) // → 1.537459794428035e-12
 */
export function erfc(x: number): number {
  const y = Math.abs(x);
  if (y <= 0.46875) return 1 - (x * polynomial(NEAR_ZERO_TOP, y * y)) / polynomial(NEAR_ZERO_BOTTOM, y * y);
  const tail = y <= 4 ? polynomial(MIDDLE_TOP, y) / polynomial(MIDDLE_BOTTOM, y) : farRatio(y);
  const value = tail * expOfMinusSquare(y);
  return x < 0 ? 2 - value : value;
}

function farRatio(y: number): number {
  const z = 1 / (y * y);
  return (ONE_OVER_ROOT_PI - (z * polynomial(FAR_TOP, z)) / polynomial(FAR_BOTTOM, z)) / y;
}

/** exp(-y²) without the error of squaring: y is cut to sixteenths, whose square is exact, and the rest is small. */
function expOfMinusSquare(y: number): number {
  const cut = Math.trunc(y * 16) / 16;
  return Math.exp(-cut * cut) * Math.exp(-(y - cut) * (y + cut));
}
