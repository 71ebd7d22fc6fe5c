// The token of a text on the ring: the first 64 bits of MurmurHash3 x64-128 with seed 0, of the
// text's UTF-8. docs/ring.md has the definition; the golden file of the tests holds this one too.

const MASK = (1n << 64n) - 1n;
const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;

const rotate = (x, bits) => ((x << bits) | (x >> (64n - bits))) & MASK;

function finish(x) {
  x ^= x >> 33n;
  x = (x * 0xff51afd7ed558ccdn) & MASK;
  x ^= x >> 33n;
  x = (x * 0xc4ceb9fe1a85ec53n) & MASK;
  return x ^ (x >> 33n);
}

// Little-endian; bytes beyond the end count as 0.
function word(bytes, at, end) {
  let value = 0n;
  for (let i = Math.min(at + 8, end) - 1; i >= at; --i) value = (value << 8n) | BigInt(bytes[i]);
  return value;
}

const mix1 = (k) => (rotate((k * C1) & MASK, 31n) * C2) & MASK;
const mix2 = (k) => (rotate((k * C2) & MASK, 33n) * C1) & MASK;

export function token(text) {
  const bytes = new TextEncoder().encode(text);
  const blocks = bytes.length - (bytes.length % 16);
  let h1 = 0n;
  let h2 = 0n;
  for (let at = 0; at < blocks; at += 16) {
    h1 ^= mix1(word(bytes, at, at + 8));
    h1 = ((rotate(h1, 27n) + h2) * 5n + 0x52dce729n) & MASK;
    h2 ^= mix2(word(bytes, at + 8, at + 16));
    h2 = ((rotate(h2, 31n) + h1) * 5n + 0x38495ab5n) & MASK;
  }
  h2 ^= mix2(word(bytes, blocks + 8, bytes.length));
  h1 ^= mix1(word(bytes, blocks, bytes.length));
  const length = BigInt(bytes.length);
  h1 ^= length;
  h2 ^= length;
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  return (finish(h1) + finish(h2)) & MASK;
}
