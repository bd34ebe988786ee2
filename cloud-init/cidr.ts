import { BlockList, isIPv4, isIPv6 } from "node:net";
import { PRIVATE_RANGES_V4, PRIVATE_RANGES_V6 } from "./firewall.ts";

/** An address block: the address as written and the length of its prefix. */
export interface Cidr {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

/** Blocks with a shorter prefix are no list of known places any more, whatever they are called: SSH is not opened to them. */
export const WIDEST_SSH = { ipv4: 8, ipv6: 19 } as const;

/** Reads `ADDRESS/PREFIX`; undefined when it is not one. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text);
  const [, address = "", digits = ""] = match ?? [];
  const prefix = Number(digits);
  if (isIPv4(address) && prefix <= 32) return { address, prefix, family: "ipv4" };
  if (isIPv6(address) && prefix <= 128) return { address, prefix, family: "ipv6" };
  return undefined;
}

/** Whether the whole block lies in a private range. Link-local addresses are no network between hosts. */
export function isPrivate({ address, prefix, family }: Cidr): boolean {
  const ranges =
    family === "ipv4" ? PRIVATE_RANGES_V4.filter((range) => !range.startsWith("169.254")) : PRIVATE_RANGES_V6;
  return ranges.some((range) => {
    const [network = "", length] = range.split("/");
    const list = new BlockList();
    list.addSubnet(network, Number(length), family);
    return prefix >= Number(length) && list.check(address, family);
  });
}
