import { isAddress } from "viem";
import { z } from "zod";
import { sourceFault } from "../lib/secret-source.ts";

/** A name of something in a stack, also used in resource names, folders and containers. */
export const name = z
  .string({ error: "must be a name" })
  .regex(
    /^[a-z][a-z0-9-]{0,30}$/,
    "must start with a lower-case letter and hold only lower-case letters, digits and hyphens, 31 at most",
  );
/** An amount of ether, as text. */
export const ether = z
  .union([z.string(), z.number()], { error: 'must be an amount of ether, e.g. 32 or "0.05"' })
  .transform(String)
  .refine(
    (text) => /^\d+(\.\d{1,18})?$/.test(text),
    'must be an amount of ether, e.g. 32 or "0.05", with at most 18 decimals',
  );
/** A port that needs no root. */
export const port = z
  .number({ error: "must be a port number" })
  .int("must be a whole number")
  .min(1024, "must be 1024 or higher: lower ports need root")
  .max(65_535, "must be 65535 or lower");
/** A whole number within bounds. */
export const whole = (from: number, to: number, what: string) =>
  z
    .number({ error: `must be ${what}` })
    .int("must be a whole number")
    .min(from, `must be at least ${from}`)
    .max(to, `must be at most ${to}`);

/** An execution address. */
export const address = z
  .string({ error: "must be an address, 0x and 40 hex digits" })
  .refine(
    (text) => isAddress(text),
    "must be an address, 0x and 40 hex digits; mixed case must be its checksum (EIP-55)",
  );
/** A CIDR block. */
export const cidr = z
  .string({ error: 'must be a CIDR block, e.g. "203.0.113.7/32"' })
  .regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/, 'must be a CIDR block, e.g. "203.0.113.7/32"');
/** Something that is true or false. */
export const flag = z.boolean({ error: "must be true or false" });
/** Where a secret is: a file of mode 0600, or a field in Vault. */
export const secretSource = (what: string) =>
  text(what).refine((source) => sourceFault(source) === undefined, `must be ${what}, or vault:MOUNT/PATH#FIELD`);
/** A text that is not empty. */
export const text = (what: string) => z.string({ error: `must be ${what}` }).min(1, `must be ${what}`);
