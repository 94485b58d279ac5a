/**
 * HDR histograms as njst writes them: V2 compressed, base64, lowest 1 us, three digits.
 *
 * Source: HdrHistogram V2 encoding; the layout is that of njst.stats.histogram. Slots and counts
 * are two arrays in the order of the slots.
 */

const COMPRESSED_COOKIE = 0x1c849304 | 0x10;
const HEADER_BYTES = 40;
const SUB_BITS = 11;

/** @typedef {{ slots: number[], counts: number[], total: number }} Histogram */

/** Return the highest value of a slot, in us. */
export function highestOf(slot) {
  const bucket = Math.max(0, (slot >> (SUB_BITS - 1)) - 1);
  return (slot - bucket * 1024 + 1) * 2 ** bucket - 1;
}

/**
 * Return the histogram of a text.
 * @param {string} text
 * @returns {Promise<Histogram>}
 * @throws {Error} it is no histogram
 */
export async function decode(text) {
  if (!text) return { slots: [], counts: [], total: 0 };
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  if (view.getInt32(0) !== COMPRESSED_COOKIE) throw new Error("not an HDR V2 compressed histogram");
  return read(await inflate(bytes.subarray(8, 8 + view.getInt32(4)), "deflate"));
}

/** Return what packed bytes were: "deflate" is zlib, "gzip" is gzip. */
export async function inflate(bytes, format) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Return the counts of a payload: zigzag varints, a negative one is a run of empty slots. */
function read(body) {
  const slots = [];
  const counts = [];
  let slot = 0;
  let total = 0;
  let at = HEADER_BYTES;
  while (at < body.length) {
    let number = 0;
    let scale = 1;
    let byte;
    do {
      byte = body[at++];
      number += (byte & 0x7f) * scale; // no shifts: counts may have more than 32 bits
      scale *= 128;
    } while (byte & 0x80);
    if (number % 2) {
      slot += (number + 1) / 2;
      continue;
    }
    if (number) {
      slots.push(slot);
      counts.push(number / 2);
      total += number / 2;
    }
    slot += 1;
  }
  return { slots, counts, total };
}

/** Return the sum of histograms. @param {Histogram[]} histograms @returns {Histogram} */
export function merge(histograms) {
  const sum = new Map();
  for (const { slots, counts } of histograms) {
    slots.forEach((slot, i) => sum.set(slot, (sum.get(slot) ?? 0) + counts[i]));
  }
  const slots = [...sum.keys()].sort((a, b) => a - b);
  const counts = slots.map((slot) => sum.get(slot));
  return { slots, counts, total: counts.reduce((a, b) => a + b, 0) };
}

/**
 * Return the distribution: for each slot the values up to it, and how many were slower.
 * @param {Histogram} histogram
 * @returns {{ us: number, slower: number, share: number }[]} share of the values up to `us`
 */
export function distribution(histogram) {
  let seen = 0;
  return histogram.slots.map((slot, i) => {
    seen += histogram.counts[i];
    return { us: highestOf(slot), slower: histogram.total - seen, share: seen / histogram.total };
  });
}

/** Return the value that a share of all does not exceed, in us; as njst rounds it. */
export function percentile(histogram, perHundredThousand) {
  const rank = Math.max(1, Math.ceil((histogram.total * perHundredThousand) / 100_000));
  let seen = 0;
  for (let i = 0; i < histogram.slots.length; i++) {
    seen += histogram.counts[i];
    if (seen >= rank) return highestOf(histogram.slots[i]);
  }
  return null;
}
