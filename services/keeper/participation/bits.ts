import type { Hex } from "viem";

/** Reads bits of SSZ bitlists and bitvectors in hex: bit i is bit i mod 8 of byte i / 8 (ssz/simple-serialize.md, Bitvector[N]). */
export function hasBit(hex: Hex, index: number): boolean {
  const at = 2 + (index >> 3) * 2;
  if (at >= hex.length) return false;
  return (Number.parseInt(hex.slice(at, at + 2), 16) & (1 << (index & 7))) !== 0;
}

/** Indices of the bits that are set. */
export function setBits(hex: Hex): number[] {
  const indices: number[] = [];
  for (let byte = 0; 2 + byte * 2 < hex.length; byte++) {
    const value = Number.parseInt(hex.slice(2 + byte * 2, 4 + byte * 2), 16);
    for (let bit = 0; bit < 8; bit++) if ((value & (1 << bit)) !== 0) indices.push(byte * 8 + bit);
  }
  return indices;
}
