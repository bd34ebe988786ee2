import { encodeAbiParameters, keccak256, toHex, type Hex } from "viem";
import {
  compileOrThrow,
  readSource,
  walk,
  type AstNode,
  type CompilerSettings,
  type StorageEntry,
  type StorageType,
} from "./compiler.ts";
import type { Target } from "./contracts.ts";

/** A member of a struct in storage. */
export interface Member {
  readonly label: string;
  readonly slot: number;
  readonly offset: number;
  readonly type: string;
}

/** The members of each namespace's struct and, under `namespace > struct`, of the structs in it. */
export type Layouts = Readonly<Record<string, readonly Member[]>>;

/** A constant that holds a namespace's slot. */
export interface SlotConstant {
  readonly namespace: string;
  readonly value: string;
}

/** What the sources say about storage. */
export interface StorageFacts {
  readonly layouts: Layouts;
  readonly slots: readonly SlotConstant[];
  /** State variables outside of every namespace. */
  readonly loose: readonly string[];
}

/** keccak256(abi.encode(uint256(keccak256(id)) - 1)) & ~0xff. https://eips.ethereum.org/EIPS/eip-7201 */
export function erc7201Slot(namespace: string): Hex {
  const inner = BigInt(keccak256(toHex(namespace))) - 1n;
  const outer = BigInt(keccak256(encodeAbiParameters([{ type: "uint256" }], [inner])));
  return toHex(outer & ~0xffn, { size: 32 });
}

/** What inline assembly uses of the Solidity around it. */
interface ExternalReference {
  readonly declaration: number;
  readonly suffix?: string;
}

/** Reads the namespaces of the targets and of what they inherit from src/: OpenZeppelin's own belong to OpenZeppelin. */
export function layoutsOf(targets: readonly Target[], settings: CompilerSettings): StorageFacts {
  const sources = Object.fromEntries(targets.map(({ source }) => [source, readSource(source)]));
  const output = compileOrThrow(sources, settings, { "*": { "": ["ast"] } });
  const structs: { namespace: string; file: string; contract: string; struct: string }[] = [];
  const slots: SlotConstant[] = [];
  const loose: string[] = [];
  for (const [file, { ast }] of Object.entries(output.sources ?? {})) {
    if (!file.startsWith("src/")) continue;
    for (const [node, parents] of walk(ast)) {
      const contract = parents.findLast(({ nodeType }) => nodeType === "ContractDefinition");
      if (contract === undefined) continue;
      const namespace = namespaceOf(node);
      if (node.nodeType === "StructDefinition" && namespace !== undefined) {
        structs.push({ namespace, file, contract: nameOf(contract), struct: nameOf(node) });
        slots.push(...slotConstants(contract, node, namespace));
      }
      if (node.nodeType === "VariableDeclaration" && node["stateVariable"] === true && node["mutability"] === "mutable")
        loose.push(`${nameOf(contract)}.${nameOf(node)}`);
    }
  }

  // The compiler lays out state variables only: a probe has one of each struct.
  const probe = [
    "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.30;",
    ...[...new Set(structs.map(({ file, contract }) => `import {${contract}} from "../${file}";`))],
    "contract Probe {",
    ...structs.map(({ contract, struct }, index) => `${contract}.${struct} private member${index};`),
    "}",
  ].join("\n");
  const probed = compileOrThrow({ "src/Probe.sol": probe.replaceAll('"../src/', '"./') }, settings, {
    "src/Probe.sol": { Probe: ["storageLayout"] },
  });
  const { storage = [], types } = probed.contracts?.["src/Probe.sol"]?.["Probe"]?.storageLayout ?? {};
  const layouts: Record<string, readonly Member[]> = {};
  for (const [index, { namespace }] of structs.entries()) {
    const entry = storage.find(({ label }) => label === `member${index}`);
    if (entry) addStruct(layouts, namespace, namespace, entry.type, types ?? {});
  }
  return { layouts, slots, loose };
}

/** What would break a deployed proxy, and what was appended or is new. */
export function compareLayouts(
  recorded: Layouts,
  current: Layouts,
): {
  readonly faults: readonly { readonly namespace: string; readonly what: string }[];
  readonly additions: readonly string[];
} {
  const faults: { namespace: string; what: string }[] = [];
  const additions: string[] = [];
  for (const [namespace, before] of Object.entries(recorded)) {
    const now = current[namespace];
    if (now === undefined) {
      faults.push({ namespace, what: "vanished" });
      continue;
    }
    for (const [index, member] of before.entries()) {
      const same = now[index];
      if (same === undefined || describe(same) !== describe(member))
        faults.push({ namespace, what: `${describe(member)} became ${same ? describe(same) : "nothing"}` });
    }
    additions.push(...now.slice(before.length).map((member) => `${namespace}.${member.label}`));
  }
  additions.push(...Object.keys(current).filter((namespace) => recorded[namespace] === undefined));
  return { faults, additions };
}

/** The members of a struct, and below it those of every struct that it reaches. */
function addStruct(
  layouts: Record<string, readonly Member[]>,
  namespace: string,
  name: string,
  type: string,
  types: Readonly<Record<string, StorageType>>,
  isElement = false,
): void {
  const { members, numberOfBytes = "0" } = types[type] ?? {};
  if (members === undefined || layouts[name] !== undefined) return;
  layouts[name] = [
    // An array's elements lie side by side: a struct in one must not grow.
    ...(isElement ? [{ label: "(element)", slot: 0, offset: 0, type: `${numberOfBytes} bytes` }] : []),
    ...members.map((member: StorageEntry) => ({
      label: member.label,
      slot: Number(member.slot),
      offset: member.offset,
      type: types[member.type]?.label ?? member.type,
    })),
  ];
  for (const member of members)
    for (const inner of innerTypes(member.type, types)) {
      const isArrayElement = Object.values(types).some(({ base }) => base === inner);
      const label = types[inner]?.label ?? inner;
      addStruct(layouts, namespace, `${namespace} > ${label}`, inner, types, isArrayElement);
    }
}

/** A type and what it is made of: keys and values of mappings, elements of arrays. */
function innerTypes(type: string, types: Readonly<Record<string, StorageType>>): readonly string[] {
  const { key, value, base } = types[type] ?? {};
  return [type, ...[key, value, base].flatMap((inner) => (inner === undefined ? [] : innerTypes(inner, types)))];
}

function namespaceOf(node: AstNode): string | undefined {
  const { text = "" } = (node["documentation"] ?? {}) as { text?: string };
  return /@?custom:storage-location erc7201:(\S+)/.exec(text)?.[1];
}

/** The constants that the contract's assembly assigns to the slot of a pointer to the struct. */
function slotConstants(contract: AstNode, struct: AstNode, namespace: string): readonly SlotConstant[] {
  const constants = new Map<number, string>();
  const used = new Set<number>();
  for (const [node, parents] of walk(contract)) {
    if (node.nodeType === "VariableDeclaration" && node["constant"] === true) {
      const value = (node["value"] as AstNode | null)?.["value"];
      if (typeof value === "string") constants.set(node.id, value.toLowerCase());
    }
    if (node.nodeType !== "InlineAssembly") continue;
    const accessor = parents.findLast(({ nodeType }) => nodeType === "FunctionDefinition");
    if (accessor === undefined || !returns(accessor, struct)) continue;
    for (const { declaration, suffix } of node["externalReferences"] as readonly ExternalReference[])
      if (suffix !== "slot") used.add(declaration);
  }
  return [...used].map((id) => ({ namespace, value: constants.get(id) ?? "" }));
}

function returns(accessor: AstNode, struct: AstNode): boolean {
  const { parameters } = accessor["returnParameters"] as { parameters: readonly AstNode[] };
  return parameters.some((parameter) => {
    const type = (parameter["typeDescriptions"] as { typeString?: string } | undefined)?.typeString ?? "";
    return new RegExp(`\\.${nameOf(struct)}\\b`).test(type);
  });
}

function nameOf(node: AstNode): string {
  return node["name"] as string;
}

function describe({ label, slot, offset, type }: Member): string {
  return `${type} ${label} at slot ${slot}, byte ${offset}`;
}
