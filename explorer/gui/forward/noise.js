// @ts-check
// ε as PyTorch draws it on a CPU, so that a seed is all that travels.

const [N, M] = [624, 397];

/**
 * The Mersenne Twister MT19937 (Matsumoto & Nishimura 1998): a function that gives the next integer
 * of 32 bits.
 * @param {number} seed 0…2³² − 1
 */
function twister(seed) {
  const state = new Uint32Array(N);
  state[0] = seed;
  for (let i = 1; i < N; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  let next = N;
  function twist() {
    for (let i = 0; i < N; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % N] & 0x7fffffff);
      state[i] = state[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    next = 0;
  }
  return () => {
    if (next === N) twist();
    let y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

/**
 * torch.randn(count, generator=torch.Generator().manual_seed(seed)), to float32's rounding: uniform
 * numbers of 24 bits, of which sixteen at a time become normal ones (Box & Muller 1958), the first
 * eight as radii, the others as angles. The last sixteen are drawn anew where they do not come out
 * even, as PyTorch does.
 * @param {number} seed 0…2³² − 1
 * @param {number} count 16 at least
 */
export function normals(seed, count) {
  const draw = twister(seed);
  const uniform = () => (draw() & 0xffffff) / 2 ** 24;
  const values = new Float32Array(count);
  /** @param {number} from */
  function transform(from) {
    for (let i = from; i < from + 8; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - values[i]));
      const angle = 2 * Math.PI * values[i + 8];
      values[i] = radius * Math.cos(angle);
      values[i + 8] = radius * Math.sin(angle);
    }
  }
  for (let i = 0; i < count; i++) values[i] = uniform();
  for (let from = 0; from + 16 <= count; from += 16) transform(from);
  if (count % 16) {
    for (let i = count - 16; i < count; i++) values[i] = uniform();
    transform(count - 16);
  }
  return values;
}

/**
 * Noise for a square picture of three colours, which PyTorch draws colour by colour, by row, column
 * and channel.
 * @param {number} seed
 * @param {number} size
 */
export function pictureNoise(seed, size) {
  const area = size * size;
  const drawn = normals(seed, 3 * area);
  return drawn.map((_, i) => drawn[(i % 3) * area + Math.floor(i / 3)]);
}
