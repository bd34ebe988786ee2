/** Between values in memory, where secrets are open, and values on disk, where they are encrypted. */
import type { Crypter } from "../secrets.ts";
import { hasSecret, isMap, isSecret, SECRET, SIGNATURE, transform, type Json, type PropertyMap } from "../values.ts";
import type { ResourceState } from "./types.ts";

/** Members of a resource's state that may hold secrets. */
const MEMBERS = ["inputs", "outputs"] as const;

/** Whether a state, in memory or on disk, holds a secret. */
export function holdsSecret(state: ResourceState): boolean {
  return MEMBERS.some((member) => hasSecret(state[member] ?? null));
}

/** Encrypts every secret of a value. */
export function sealValue<T extends Json>(value: T, crypter: Crypter): T {
  return transform(value, (item) => {
    if (!isSecret(item)) return undefined;
    // A secret within a secret stays marked inside: it comes back as it was.
    return { [SIGNATURE]: SECRET, ciphertext: crypter.encrypt(JSON.stringify(plaintext(item.value))) };
  }) as T;
}

/** Nested secrets are written as the CLI writes them in plaintext form. */
function plaintext(value: Json): Json {
  return transform(value, (item) =>
    isSecret(item) ? { [SIGNATURE]: SECRET, plaintext: JSON.stringify(plaintext(item.value)) } : undefined,
  );
}

/** Decrypts every secret of a value. Plaintext secrets (of an export with --show-secrets) are accepted. */
export function openValue<T extends Json>(value: T, crypter: Crypter | undefined): T {
  return transform(value, (item) => {
    if (!isMap(item) || item[SIGNATURE] !== SECRET) return undefined;
    const { ciphertext, plaintext: open } = item;
    const text =
      typeof open === "string" ? open : typeof ciphertext === "string" ? crypter?.decrypt(ciphertext) : undefined;
    return { [SIGNATURE]: SECRET, value: openValue(JSON.parse(text ?? "null") as Json, crypter) };
  }) as T;
}

function mapMembers(state: ResourceState, change: (value: PropertyMap) => PropertyMap): ResourceState {
  if (!holdsSecret(state)) return state;
  const result: { -readonly [K in keyof ResourceState]: ResourceState[K] } = { ...state };
  for (const member of MEMBERS) {
    const value = result[member];
    if (value !== undefined) result[member] = change(value);
  }
  return result;
}

/** Encrypts the secrets of a state. */
export function sealState(state: ResourceState, crypter: Crypter): ResourceState {
  return mapMembers(state, (value) => sealValue(value, crypter));
}

/** Decrypts the secrets of a state. */
export function openState(state: ResourceState, crypter: Crypter | undefined): ResourceState {
  return mapMembers(state, (value) => openValue(value, crypter));
}

/** Whether a state on disk needs a key to be read. */
export function needsKey(state: ResourceState): boolean {
  return MEMBERS.some((member) => {
    let found = false;
    transform(state[member] ?? null, (item) => {
      if (isMap(item) && item[SIGNATURE] === SECRET && typeof item["ciphertext"] === "string") found = true;
      return undefined;
    });
    return found;
  });
}
