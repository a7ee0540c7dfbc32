/** Lanczos coefficients, g = 607/128, n = 15 (P. Godfrey): 1e-15 relative over the positive axis. */
const LANCZOS = [
  0.99999999999999709182, 57.156235665862923517, -59.597960355475491248, 14.136097974741747174,
  -0.49191381609762019978, 0.33994649984811888699e-4, 0.46523628927048575665e-4,
  -0.98374475304879564677e-4, 0.15808870322491248884e-3, -0.21026444172410488319e-3,
  0.2174396181152126432e-3, -0.16431810653676389022e-3, 0.84418223983852743293e-4,
  -0.2619083840158140867e-4, 0.36899182659531622704e-5,
];
const G = 607 / 128;
const HALF_LOG_TWO_PI = 0.9189385332046727418;

/** ln Gamma(x) for x > 0. Lanczos below 15, Stirling's series with eight terms above (relative error about 1e-15). */
export function logGamma(x: number): number {
  if (x >= 15) return stirling(x);
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let sum = LANCZOS[0] as number;
  for (let i = 1; i < LANCZOS.length; i += 1) sum += (LANCZOS[i] as number) / (x - 1 + i);
  const t = x - 1 + G + 0.5;
  return HALF_LOG_TWO_PI + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

function stirling(x: number): number {
  const r = 1 / (x * x);
  const series =
    (1 / 12 -
      r *
        (1 / 360 -
          r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - r * (691 / 360360 - r / 156)))))) /
    x;
  return (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + series;
}
