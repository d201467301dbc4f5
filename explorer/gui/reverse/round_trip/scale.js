// @ts-check
// A logarithmic axis of relative changes.

export const TICKS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
const [LOW, HIGH] = [0.03, 16];

/**
 * Where a relative change stands on the axis, 0…1; what is beyond its ends stands at them.
 * @param {number} value
 */
export function place(value) {
  const within = Math.min(HIGH, Math.max(LOW, value));
  return Math.log(within / LOW) / Math.log(HIGH / LOW);
}
