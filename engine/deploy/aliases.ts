/** URNs that a resource may have had before: its own aliases, and those that follow from its parent's. */
import type { Alias } from "../rpc/protocol.ts";
import { makeUrn, parseUrn } from "../urn.ts";

/** Who asks. */
export interface AliasSubject {
  readonly stack: string;
  readonly project: string;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** The parent's URN; empty for none. */
  readonly parent: string;
  /** URNs that the parent may have had. */
  readonly parentAliases: readonly string[];
}

/** Every URN that the resource may have had, without its present one. */
export function aliasUrns(subject: AliasSubject, aliases: readonly Alias[], urns: readonly string[]): string[] {
  const found = new Set<string>();
  const parentName = subject.parent === "" ? "" : parseUrn(subject.parent).name;
  const add = (stack: string, project: string, parent: string, type: string, name: string): void => {
    found.add(makeUrn(stack, project, parent, type, name));
  };
  /** The name under an alias of the parent: names that begin with the parent's follow it. */
  const inherited = (name: string, parent: string): string =>
    parentName !== "" && name.startsWith(parentName) ? parseUrn(parent).name + name.slice(parentName.length) : name;
  for (const parent of subject.parentAliases) {
    add(subject.stack, subject.project, parent, subject.type, inherited(subject.name, parent));
  }
  for (const urn of urns) found.add(urn);
  for (const alias of aliases) {
    if (!alias.spec) {
      if (alias.urn !== "") found.add(alias.urn);
      continue;
    }
    const { spec } = alias;
    const stack = spec.stack === "" ? subject.stack : spec.stack;
    const project = spec.project === "" ? subject.project : spec.project;
    const type = spec.type === "" ? subject.type : spec.type;
    const name = spec.name === "" ? subject.name : spec.name;
    const own = spec.noParent ? "" : spec.parentUrn === "" ? subject.parent : spec.parentUrn;
    add(stack, project, own, type, name);
    if (own === subject.parent) {
      for (const parent of subject.parentAliases) add(stack, project, parent, type, inherited(name, parent));
    }
  }
  found.delete(subject.urn);
  return [...found];
}
